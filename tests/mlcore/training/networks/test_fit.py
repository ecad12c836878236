from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mlcore.training.datasets.epochs import Mixture, make_epoch
from mlcore.training.datasets.mnist import Digits
from tests.training import needs_keras

if TYPE_CHECKING:
    from mlcore.training.networks.fit import FittedDigitNetwork, Progress

pytestmark = [pytest.mark.trains, needs_keras]


class Interrupt:
    """Ctrl-C in the middle of an epoch."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def __call__(self, progress: "Progress") -> None:
        if progress.epoch == self.epoch:
            raise KeyboardInterrupt


def run(
    folder: Path, digits: Digits, on_progress: Callable[["Progress"], None] = lambda progress: None
) -> "FittedDigitNetwork":
    return fit(folder, digits, Mixture(digits[:200], digits[200:250], 50), on_progress=on_progress)


def fit(
    folder: Path,
    digits: Digits,
    mixture: Mixture,
    *,
    epochs: int = 3,
    rate: float = 3e-3,
    schedule: str = "one-cycle",
    **options: Any,
) -> "FittedDigitNetwork":
    from mlcore.training.networks.fit import DigitPlan, fit_digit_network

    plan = DigitPlan(architecture="classic", epochs=epochs, batch=50, rate=rate, schedule=schedule)
    return fit_digit_network(plan, mixture, digits[250:300], folder, **options)


@pytest.fixture(scope="module")
def progress() -> list["Progress"]:
    """Return the progress that the complete training tells."""
    return []


@pytest.fixture(scope="module")
def complete(
    digits: Digits, tmp_path_factory: pytest.TempPathFactory, progress: list["Progress"]
) -> "FittedDigitNetwork":
    return run(tmp_path_factory.mktemp("complete"), digits, progress.append)


def test_the_same_seed_gives_the_same_weights(complete: "FittedDigitNetwork", digits: Digits, tmp_path: Path) -> None:
    again = run(tmp_path, digits)
    for a, b in zip(complete.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_an_interruption_keeps_the_best_so_far(digits: Digits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The validation is patched, so that the first epoch is the best on every processor."""
    from mlcore.training.networks.checkpoint import load_checkpoint

    scores = iter([(0.9, 0.3), (0.8, 0.3)])
    monkeypatch.setattr("mlcore.training.networks.fit._validate", lambda model, validation: next(scores))
    fitted = run(tmp_path, digits, Interrupt(epoch=3))
    assert fitted.interrupted
    assert [epoch.number for epoch in fitted.history] == [1, 2]
    stored = load_checkpoint(fitted.checkpoint)
    assert stored is not None
    same = [np.array_equal(a, b) for a, b in zip(stored.arrays["best"], fitted.model.get_weights(), strict=True)]
    last = [np.array_equal(a, b) for a, b in zip(stored.arrays["weights"], fitted.model.get_weights(), strict=True)]
    assert all(same)
    assert not all(last)


def test_an_interrupted_training_resumes(complete: "FittedDigitNetwork", digits: Digits, tmp_path: Path) -> None:
    """It ignores a checkpoint that was written in part."""
    interrupted = run(tmp_path, digits, Interrupt(epoch=2))
    interrupted.checkpoint.with_suffix(".part").write_bytes(interrupted.checkpoint.read_bytes()[:100])
    seen: list[int] = []
    resumed = run(tmp_path, digits, lambda progress: seen.append(progress.epoch))
    assert min(seen) == 2
    assert [epoch.number for epoch in resumed.history] == [1, 2, 3]
    for a, b in zip(complete.model.get_weights(), resumed.model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)


def test_a_training_interrupted_in_its_first_epoch_leaves_nothing(digits: Digits, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, digits, Interrupt(epoch=1))
    assert list(tmp_path.iterdir()) == []


def test_progress_tells_the_remaining_time(complete: "FittedDigitNetwork", progress: list["Progress"]) -> None:
    assert [step.done for step in progress] == sorted(step.done for step in progress)
    assert progress[-1].done == pytest.approx(1)
    assert progress[-1].seconds_left == pytest.approx(0)
    assert progress[0].seconds_left > 0


def test_an_epoch_depends_only_on_seed_and_number(digits: Digits) -> None:
    mixture = Mixture(digits[:60], digits[60:100], 20)
    first, again, next_one = make_epoch(mixture, 5, 0), make_epoch(mixture, 5, 0), make_epoch(mixture, 5, 1)
    assert first.digest == again.digest != next_one.digest
    assert len(first) == mixture.size == 80


def test_the_last_epochs_are_augmented_less(digits: Digits) -> None:
    same = Digits(np.repeat(digits.images[:1], 100, axis=0), np.repeat(digits.labels[:1], 100))
    mixture = Mixture(same, digits[:0], 0, reduced_from=3)
    unreduced = replace(mixture, reduced_from=None)
    usual, reduced = (
        np.abs(make_epoch(m, 5, 3).images - same.images.astype(float)).mean() for m in (unreduced, mixture)
    )
    assert 0 < reduced < 0.9 * usual
    assert make_epoch(mixture, 5, 2).digest == make_epoch(unreduced, 5, 2).digest


@pytest.mark.parametrize(("flags", "half"), [("fma avx2", False), ("avx2 avx512_bf16", True), ("amx_bf16 fma", True)])
def test_bfloat16_is_used_only_on_processors_that_have_it(
    flags: str, half: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlcore.training.networks import machine
    from mlcore.training.networks.digit import build_digit_network
    from mlcore.training.networks.line import build_line_network

    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\nmodel name\t: Some Processor\nflags\t\t: fpu {flags}\n")
    monkeypatch.setattr(machine, "CPUINFO", cpuinfo)
    for model in (build_digit_network("digitscribe", fast=True), build_line_network(fast=True)):
        assert model.get_layer("conv1").compute_dtype == ("bfloat16" if half else "float32")
    assert build_digit_network("digitscribe").get_layer("conv1").compute_dtype == "float32"
    assert machine.describe_machine().startswith("Some Processor, ")


def test_fused_normalisation_equals_that_of_keras(digits: Digits) -> None:
    """Outputs agree within bfloat16 after one training step, and moving statistics are the same."""
    from mlcore.training.networks.digit import build_digit_network

    fast, plain = build_digit_network("digitscribe", fast=True), build_digit_network("digitscribe")
    plain.set_weights(fast.get_weights())
    inputs = digits.images[:64, :, :, None].astype(np.float32) / 255
    a, b = np.asarray(fast(inputs, training=True)), np.asarray(plain(inputs, training=True))
    assert np.abs(a - b).max() < 0.05 * np.abs(b).max() + 0.05
    for name in ("norm1", "norm2"):
        for fused, unfused in zip(fast.get_layer(name).get_weights(), plain.get_layer(name).get_weights(), strict=True):
            np.testing.assert_allclose(fused, unfused, rtol=0.02, atol=0.002)


def test_a_plateau_ends_the_training(digits: Digits, tmp_path: Path) -> None:
    """The rate is so small that the first epoch stays the best; training ends five epochs later."""
    rate = 1e-30
    mixture = Mixture(digits[:100], digits[:0], 0)
    fitted = fit(tmp_path, digits, mixture, epochs=40, rate=rate, schedule="plateau")
    assert [epoch.rate / rate for epoch in fitted.history] == pytest.approx([1, 1, 1, 0.5, 0.5, 0.25])


def test_training_starts_from_given_weights(complete: "FittedDigitNetwork", digits: Digits, tmp_path: Path) -> None:
    """A rate of 0 changes no weights."""
    weights = complete.model.get_weights()
    mixture = Mixture(digits[:100], digits[:0], 0)
    fitted = fit(tmp_path, digits, mixture, epochs=1, rate=0.0, start=weights)
    for a, b in zip(weights, fitted.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_fine_tuned_weights_are_blended_with_the_start(
    complete: "FittedDigitNetwork", digits: Digits, tmp_path: Path
) -> None:
    from mlcore.training.networks.checkpoint import load_checkpoint

    start = complete.model.get_weights()
    mixture = Mixture(digits[:200], digits[:0], 0)
    fitted = fit(tmp_path, digits, mixture, epochs=1, start=start)
    trained = load_checkpoint(fitted.checkpoint)
    assert trained is not None
    moved = 0.0
    for a, b, blended in zip(start, trained.arrays["weights"], fitted.model.get_weights(), strict=True):
        np.testing.assert_allclose(blended, 0.4 * a + 0.6 * b, atol=1e-5)
        moved += float(np.abs(b - a).sum())
    assert moved > 1


def test_one_cycle_ends_with_its_last_weights(complete: "FittedDigitNetwork") -> None:
    from mlcore.training.networks.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(complete.checkpoint)
    assert checkpoint is not None
    for a, b in zip(complete.model.get_weights(), checkpoint.arrays["weights"], strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_machine_is_recorded(complete: "FittedDigitNetwork") -> None:
    (machine,) = complete.machines
    assert "cores" in machine
    assert "(tensorflow)" in machine
