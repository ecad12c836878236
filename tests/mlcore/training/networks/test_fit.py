from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlcore.training.datasets.epochs import Mixture, epoch
from mlcore.training.datasets.mnist import Digits
from mlcore.training.networks import machine
from mlcore.training.networks.checkpoint import load_checkpoint
from mlcore.training.networks.digit import build
from mlcore.training.networks.fit import Fitted, Plan, Progress, fit
from mlcore.training.networks.line import build_line_network

pytestmark = pytest.mark.trains

PLAN = Plan(architecture="classic", epochs=3, batch=50)


class Interrupt:
    """Ctrl-C in the middle of an epoch."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def __call__(self, progress: Progress) -> None:
        if progress.epoch == self.epoch:
            raise KeyboardInterrupt


def run(folder: Path, digits: Digits, report: Callable[[Progress], None] = lambda progress: None) -> Fitted:
    mixture = Mixture(digits[:200], digits[200:250], 50)
    return fit(PLAN, mixture, digits[250:300], folder, report)


@pytest.fixture(scope="module")
def whole(digits: Digits, tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    return run(tmp_path_factory.mktemp("whole"), digits)


def test_the_same_seed_gives_the_same_weights(whole: Fitted, digits: Digits, tmp_path: Path) -> None:
    again = run(tmp_path, digits)
    for a, b in zip(whole.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_an_interruption_keeps_the_best_so_far(digits: Digits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the first epoch learns is judged to be the best: which one truly is depends on the processor's roundings."""
    judged = iter([(0.9, 0.3), (0.8, 0.3)])
    monkeypatch.setattr("mlcore.training.networks.fit._judge", lambda model, validation: next(judged))
    fitted = fit(PLAN, Mixture(digits[:200], digits[200:250], 50), digits[250:300], tmp_path, Interrupt(epoch=3))
    assert fitted.interrupted
    assert [line.number for line in fitted.history] == [1, 2]
    stored = load_checkpoint(fitted.checkpoint)
    assert stored is not None
    same = [np.array_equal(a, b) for a, b in zip(stored.arrays["best"], fitted.model.get_weights(), strict=True)]
    last = [np.array_equal(a, b) for a, b in zip(stored.arrays["weights"], fitted.model.get_weights(), strict=True)]
    assert all(same)
    assert not all(last)


def test_after_an_interruption_it_goes_on_where_it_was(whole: Fitted, digits: Digits, tmp_path: Path) -> None:
    run(tmp_path, digits, Interrupt(epoch=2))
    seen: list[int] = []
    resumed = run(tmp_path, digits, lambda progress: seen.append(progress.epoch))
    assert min(seen) == 2
    assert [line.number for line in resumed.history] == [1, 2, 3]
    for a, b in zip(whole.model.get_weights(), resumed.model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)


def test_interrupted_before_the_first_epoch_there_is_nothing_to_keep(digits: Digits, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, digits, Interrupt(epoch=1))
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_cut_while_it_was_written_is_not_taken_for_one(digits: Digits, tmp_path: Path) -> None:
    fitted = run(tmp_path, digits, Interrupt(epoch=2))
    fitted.checkpoint.with_suffix(".part").write_bytes(fitted.checkpoint.read_bytes()[:100])
    assert len(run(tmp_path, digits).history) == PLAN.epochs


def test_progress_says_how_long_it_still_takes(digits: Digits, tmp_path: Path) -> None:
    told: list[Progress] = []
    run(tmp_path, digits, told.append)
    assert [progress.done for progress in told] == sorted(progress.done for progress in told)
    assert told[-1].done == pytest.approx(1)
    assert told[-1].seconds_left == pytest.approx(0)
    assert told[0].seconds_left > 0


def test_an_epoch_depends_on_seed_and_number_alone(digits: Digits) -> None:
    mixture = Mixture(digits[:60], digits[60:100], 20)
    first, again, next_one = epoch(mixture, 5, 0), epoch(mixture, 5, 0), epoch(mixture, 5, 1)
    assert first.digest == again.digest != next_one.digest
    assert len(first) == mixture.size == 80


def test_the_last_epochs_stray_less(digits: Digits) -> None:
    alike = Digits(np.repeat(digits.images[:1], 100, axis=0), np.repeat(digits.labels[:1], 100))
    mixture = Mixture(alike, digits[:0], 0, calm_from=3)
    same_draws = replace(mixture, calm_from=None)
    usual, calm = (np.abs(epoch(m, 5, 3).images - alike.images.astype(float)).mean() for m in (same_draws, mixture))
    assert 0 < calm < 0.9 * usual
    assert epoch(mixture, 5, 2).digest == epoch(same_draws, 5, 2).digest


@pytest.mark.parametrize(("flags", "half"), [("fma avx2", False), ("avx2 avx512_bf16", True), ("amx_bf16 fma", True)])
def test_half_precision_is_left_to_processors_that_have_it(
    flags: str, half: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\nmodel name\t: Some Processor\nflags\t\t: fpu {flags}\n")
    monkeypatch.setattr(machine, "CPUINFO", cpuinfo)
    for model in (build("digitscribe", fast=True), build_line_network(fast=True)):
        assert model.get_layer("conv1").compute_dtype == ("bfloat16" if half else "float32")
    assert build("digitscribe").get_layer("conv1").compute_dtype == "float32"
    assert machine.describe_machine().startswith("Some Processor, ")


def test_the_quick_way_of_normalising_counts_as_kerass_own(digits: Digits) -> None:
    """One step in training mode: outputs within bfloat16, moving statistics the same."""
    fast, plain = build("digitscribe", fast=True), build("digitscribe")
    plain.set_weights(fast.get_weights())
    inputs = digits.images[:64, :, :, None].astype(np.float32) / 255
    a, b = np.asarray(fast(inputs, training=True)), np.asarray(plain(inputs, training=True))
    assert np.abs(a - b).max() < 0.05 * np.abs(b).max() + 0.05
    for name in ("norm1", "norm2"):
        for quick, slow in zip(fast.get_layer(name).get_weights(), plain.get_layer(name).get_weights(), strict=True):
            np.testing.assert_allclose(quick, slow, rtol=0.02, atol=0.002)


def test_classic_stops_when_nothing_improves_any_more(digits: Digits, tmp_path: Path) -> None:
    """So small a rate changes nothing: the first epoch stays the best, and five more gain nothing."""
    plan = replace(PLAN, epochs=40, rate=1e-30, schedule="plateau")
    fitted = fit(plan, Mixture(digits[:100], digits[:0], 0), digits[250:300], tmp_path)
    assert [epoch.rate / plan.rate for epoch in fitted.history] == pytest.approx([1, 1, 1, 0.5, 0.5, 0.25])


def test_it_goes_on_from_given_weights(whole: Fitted, digits: Digits, tmp_path: Path) -> None:
    """With a rate of nothing, what comes out is what went in."""
    weights = whole.model.get_weights()
    mixture = Mixture(digits[:100], digits[:0], 0)
    fitted = fit(replace(PLAN, epochs=1, rate=0.0), mixture, digits[250:300], tmp_path, start=weights)
    for a, b in zip(weights, fitted.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_goes_on_stays_near_what_it_knew(whole: Fitted, digits: Digits, tmp_path: Path) -> None:
    start = whole.model.get_weights()
    fitted = fit(replace(PLAN, epochs=1), Mixture(digits[:200], digits[:0], 0), digits[250:300], tmp_path, start=start)
    learnt = load_checkpoint(fitted.checkpoint)
    assert learnt is not None
    moved = 0.0
    for a, b, kept in zip(start, learnt.arrays["weights"], fitted.model.get_weights(), strict=True):
        np.testing.assert_allclose(kept, 0.4 * a + 0.6 * b, atol=1e-5)
        moved += float(np.abs(b - a).sum())
    assert moved > 1


def test_one_cycle_is_kept_at_its_end(digits: Digits, tmp_path: Path) -> None:
    mixture = Mixture(digits[:200], digits[200:250], 50)
    fitted = fit(replace(PLAN, epochs=2), mixture, digits[250:300], tmp_path)
    kept = load_checkpoint(fitted.checkpoint)
    assert kept is not None
    for a, b in zip(fitted.model.get_weights(), kept.arrays["weights"], strict=True):
        np.testing.assert_array_equal(a, b)


def test_it_says_where_it_ran(whole: Fitted) -> None:
    (machine,) = whole.machines
    assert "cores" in machine
    assert "(tensorflow)" in machine
