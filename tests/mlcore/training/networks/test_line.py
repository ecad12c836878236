import numpy as np
import pytest

from mlcore.reading.result import SIGNS
from mlcore.training.datasets.line_epochs import LineMixture
from mlcore.training.datasets.lines import StripDataset
from tests.training import needs_keras

pytestmark = needs_keras


@pytest.fixture(scope="module")
def strokes():
    """Strips of upright bars (1) and boxes (0), which a network learns in seconds."""
    rng = np.random.default_rng(0)
    strips, texts = [], []
    for _ in range(192):
        text = "".join(rng.choice(["0", "1"], int(rng.integers(1, 4))))
        strip = np.zeros((32, 8 + 24 * len(text)), np.uint8)
        for i, character in enumerate(text):
            x = 10 + 24 * i
            strip[4:28, x : x + 4] = 255
            if character == "0":
                strip[4:28, x + 10 : x + 14] = strip[4:8, x : x + 14] = strip[24:28, x : x + 14] = 255
        strips.append(strip)
        texts.append(text)
    return StripDataset(np.concatenate(strips, axis=1), np.cumsum([s.shape[1] for s in strips]), tuple(texts))


def test_texts_are_padded_with_minus_ones():
    from mlcore.training.networks.line import LONGEST_TEXT, encode_texts

    rows = encode_texts(["12", ""])
    assert rows.shape == (2, LONGEST_TEXT)
    assert rows[0, :3].tolist() == [1, 2, -1]
    assert (rows[1] == -1).all()


def test_a_step_is_four_columns_wide():
    from mlcore.reading.layout.strip import STEP
    from mlcore.training.networks.line import build_line_network

    logits = build_line_network()(np.zeros((2, 32, 96, 1), np.float32))
    assert tuple(logits.shape) == (2, 96 // STEP, 11 + len(SIGNS))


def test_signs_have_the_classes_behind_the_eleventh():
    from mlcore.training.networks.line import encode_texts

    assert encode_texts(["-1.5"])[0, :5].tolist() == [11 + SIGNS.index("-"), 1, 11 + SIGNS.index("."), 5, -1]


def test_fine_tuning_a_network_without_signs_keeps_what_it_reads():
    """The shipped line network gets classes for signs, which are unlikely at first."""
    from mlcore.artifact import SHIPPED, load_artifact
    from mlcore.reading.layout.strip import stack_strips
    from mlcore.training.networks.export import load_keras_model
    from mlcore.training.networks.line import build_line_network, unfold

    base = load_keras_model(load_artifact(SHIPPED), "lines")
    known = base.output.shape[-1]
    batch = stack_strips([np.random.default_rng(1).integers(0, 255, (32, 160), np.uint8) for _ in range(8)])
    model = build_line_network()
    unfold(base, model, batch)
    before, after = (np.asarray(network.predict_on_batch(batch)) for network in (base, model))
    np.testing.assert_allclose(after[..., :known], before, atol=2e-3)
    assert after.shape[-1] == 11 + len(SIGNS)


@pytest.mark.trains
def test_an_interrupted_training_resumes(strokes, tmp_path):
    from mlcore.training.networks.line import LinePlan, fit_line_network

    complete = fit_line_network(lambda: LineMixture(strokes), LinePlan(2, 1), tmp_path / "complete.npz")
    with pytest.raises(KeyboardInterrupt):
        fit_line_network(lambda: LineMixture(strokes), LinePlan(2, 1), tmp_path / "cut.npz", interrupt)
    resumed = fit_line_network(lambda: LineMixture(strokes), LinePlan(2, 1), tmp_path / "cut.npz")
    assert len(resumed.losses) == 2
    for expected, weights in zip(complete.model.get_weights(), resumed.model.get_weights(), strict=True):
        np.testing.assert_allclose(weights, expected, atol=2e-4)


def fail_to_render():
    raise AssertionError("The strips were rendered.")


def interrupt(epoch, loss):
    raise KeyboardInterrupt


@pytest.mark.trains
def test_a_trained_network_and_its_export_agree(strokes, tmp_path):
    import onnxruntime

    from mlcore.reading.layout.strip import stack_strips
    from mlcore.training.networks.line import LinePlan, export_line_network, fit_line_network

    path = tmp_path / "lines.npz"
    fitted = fit_line_network(lambda: LineMixture(strokes), LinePlan(8, 1), path)
    assert fitted.losses[-1] < fitted.losses[0] / 2
    again = fit_line_network(fail_to_render, LinePlan(8, 1), path)  # the training is complete and needs no strips
    assert again.losses == fitted.losses
    model = again.model
    network, files = export_line_network(model)
    session = onnxruntime.InferenceSession(files[network.onnx])
    batch = stack_strips([strokes.strip(i) for i in range(8)])
    (logits,) = session.run(["logits"], {"strip": batch})
    assert np.abs(logits - model.predict_on_batch(batch)).max() < 1e-3


@pytest.mark.trains
def test_fine_tuning_starts_from_the_weights_of_the_base(strokes, tmp_path):
    from mlcore.reading.layout.strip import stack_strips
    from mlcore.training.networks.line import LinePlan, build_line_network, compact, fit_line_network, unfold

    base = compact(fit_line_network(lambda: LineMixture(strokes), LinePlan(6, 1), tmp_path / "lines.npz").model)
    batch = stack_strips([strokes.strip(i) for i in range(32)])
    model = build_line_network(fast=False)
    unfold(base, model, batch)
    np.testing.assert_allclose(model.predict_on_batch(batch), base.predict_on_batch(batch), atol=1e-3)
    tuned = fit_line_network(
        lambda: LineMixture(strokes), LinePlan(1, 2, rate=1e-4), tmp_path / "tuned.npz", start=base
    )
    fresh = fit_line_network(lambda: LineMixture(strokes), LinePlan(1, 2, rate=1e-4), tmp_path / "fresh.npz")
    assert tuned.losses[0] < fresh.losses[0] / 2
