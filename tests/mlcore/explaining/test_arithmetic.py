"""The numbers of a cell compared with a forward pass over the Keras model's own weights."""

import numpy as np
import pytest

from mlcore.artifact import SHIPPED, load_artifact
from mlcore.explaining.arithmetic import DIGITS, pooled_cell, share_of_being_a_digit, softmax_table, weighted_cell
from mlcore.explaining.explainer import Explainer
from mlcore.reading.engine import Engine, to_scores

TOLERANCE = 1e-5
pytestmark = pytest.mark.slow  # imports Keras


def forward_pass(model, image):
    """Return the inputs and outputs of every Keras layer in double precision, by the layer's name."""
    found = {}
    x = image[..., np.newaxis] / 255.0
    for layer in model.layers[1:]:
        before = x
        weights = [np.asarray(each, np.float64) for each in layer.get_weights()]
        match type(layer).__name__:
            case "Conv2D":
                bias = weights[1] if len(weights) > 1 else 0
                x = convolve(before, weights[0], is_padded=layer.padding == "same") + bias
            case "BatchNormalization":
                gamma, beta, mean, variance = weights
                x = gamma * (before - mean) / np.sqrt(variance + layer.epsilon) + beta
            case "ReLU":
                x = np.maximum(before, 0)
            case "MaxPooling2D":
                rows, columns = before.shape[0] // 2 * 2, before.shape[1] // 2 * 2
                halves = before[:rows, :columns].reshape(rows // 2, 2, columns // 2, 2, -1)
                x = halves.max(axis=(1, 3))
            case "GlobalAveragePooling2D":
                x = before.mean(axis=(0, 1))
            case "Flatten":
                x = before.reshape(-1)
            case "Dense":
                x = before @ weights[0] + weights[1]
                x = np.maximum(x, 0) if layer.activation.__name__ == "relu" else x
            case "Dropout":
                pass
            case other:
                raise AssertionError(other)
        found[layer.name] = (before, x, weights)
    return found


def convolve(before, kernel, *, is_padded):
    rows, columns = kernel.shape[:2]
    if is_padded:
        before = np.pad(before, ((rows // 2, rows // 2), (columns // 2, columns // 2), (0, 0)))
    height, width = before.shape[0] - rows + 1, before.shape[1] - columns + 1
    out = np.zeros((height, width, kernel.shape[-1]))
    for row in range(rows):
        for column in range(columns):
            out += before[row : row + height, column : column + width] @ kernel[row, column]
    return out


@pytest.fixture(scope="module")
def networks(classic):
    """Return both architectures as pairs of an explainer and its Keras model."""
    pytest.importorskip("keras")
    from mlcore.training.networks.export import load_keras_model

    shipped = load_artifact(SHIPPED)
    return {
        "digitscribe": (Explainer(Engine(shipped)), load_keras_model(shipped, "digit")),
        "classic": (Explainer(Engine(classic)), load_keras_model(classic, "digit")),
    }


def cells_of(step, rng, count=6):
    height, width, channels = step.shape
    corners = [(0, 0), (height - 1, width - 1)]
    others = [(int(rng.integers(height)), int(rng.integers(width))) for _ in range(count)]
    return [(*place, int(rng.integers(channels))) for place in corners + others]


@pytest.mark.parametrize("architecture", ["digitscribe", "classic"])
def test_every_term_of_a_cell_equals_the_forward_pass(networks, seven, rng, architecture):
    explainer, model = networks[architecture]
    expected = forward_pass(model, seven)
    outputs = explainer.outputs(seven)
    before_name = "input"
    for step in explainer.steps:
        before = outputs[before_name]
        before_name = step.name
        for row, column, channel in cells_of(step, rng):
            place = (row, column, channel)
            if step.weighting is None:
                cell = pooled_cell(step, before, channel, row, column)
                source, result, _weights = expected[step.name]
                window = cell.window
                np.testing.assert_allclose(
                    cell.patch,
                    source[window.top : window.bottom, window.left : window.right, channel],
                    atol=TOLERANCE,
                )
                assert cell.value == pytest.approx(np.atleast_3d(result.reshape(step.shape))[place], abs=TOLERANCE)
                continue
            cell = weighted_cell(step, before, channel, row, column)
            assert_weighted_cell_is_right(cell, step, place, expected)


def assert_weighted_cell_is_right(cell, step, place, expected):
    row, column, channel = place
    name = step.name.replace("conv", "kernel")
    source, _product_sum, weights = expected[name]
    kernel = weights[0]
    if step.kind == "dense":
        kernel = kernel.reshape(*step.geometry.before, -1)
        source = source.reshape(step.geometry.before)
    np.testing.assert_allclose(cell.kernel, kernel[..., channel], atol=TOLERANCE)
    rows, columns = kernel.shape[:2]
    top, left = (rows // 2, columns // 2) if step.kind == "conv" and step.shape[:2] == source.shape[:2] else (0, 0)
    padded = np.pad(source, ((top, top), (left, left), (0, 0)))
    patch = padded[row : row + rows, column : column + columns]
    np.testing.assert_allclose(cell.patch, patch, atol=TOLERANCE)
    np.testing.assert_allclose(cell.products, patch * kernel[..., channel], atol=TOLERANCE)
    np.testing.assert_allclose(cell.sums, np.einsum("ijk,ijk->k", patch, kernel[..., channel]), atol=TOLERANCE)
    bias = weights[1][channel] if len(weights) > 1 else 0.0
    assert cell.bias == pytest.approx(bias, abs=TOLERANCE)
    before_activation = np.einsum("ijk,ijk->", patch, kernel[..., channel]) + bias
    assert cell.biased == pytest.approx(before_activation, abs=TOLERANCE)
    norm = step.name.replace("conv", "norm")
    assert (cell.normalised is not None) == (norm in expected and norm != step.name)
    if cell.normalised:
        _before, normalised, (gamma, beta, mean, variance) = expected[norm]
        assert cell.normalised.gamma == pytest.approx(gamma[channel], abs=TOLERANCE)
        assert cell.normalised.beta == pytest.approx(beta[channel], abs=TOLERANCE)
        assert cell.normalised.mean == pytest.approx(mean[channel], abs=TOLERANCE)
        assert cell.normalised.deviation == pytest.approx(np.sqrt(variance[channel] + 1e-3), abs=TOLERANCE)
        assert cell.normalised.centred == pytest.approx(before_activation - mean[channel], abs=TOLERANCE)
        assert cell.normalised.result == pytest.approx(normalised[place], abs=TOLERANCE)
    result = expected[step.name][1].reshape(step.shape)[place]
    assert cell.value == pytest.approx(result, abs=TOLERANCE)


@pytest.mark.parametrize("architecture", ["digitscribe", "classic"])
def test_the_softmax_leads_to_the_probabilities_of_the_answer(networks, seven, architecture):
    explainer, model = networks[architecture]
    logits = explainer.outputs(seven)["logits"].reshape(-1)
    np.testing.assert_allclose(logits, forward_pass(model, seven)["logits"][1], atol=TOLERANCE)
    temperature = explainer.engine.artifact.card.temperature
    table = softmax_table(logits, temperature, DIGITS)
    scores = to_scores(logits[np.newaxis].astype(np.float32), temperature)
    np.testing.assert_allclose([row.probability for row in table.rows], scores.probabilities[0], atol=TOLERANCE)
    assert share_of_being_a_digit(logits, temperature) == pytest.approx(float(scores.is_digit[0]), abs=TOLERANCE)
    for row in table.rows:
        assert row.power / table.total == pytest.approx(row.probability)
        assert row.cooled == pytest.approx(row.logit / temperature)


@pytest.mark.parametrize("architecture", ["digitscribe", "classic"])
def test_the_steps_and_onnx_runtime_agree(networks, seven, architecture):
    explainer, _model = networks[architecture]
    outputs = explainer.outputs(seven)
    for name, maps in explainer.activations(seven).items():
        np.testing.assert_allclose(outputs[name], maps, atol=1e-4)
