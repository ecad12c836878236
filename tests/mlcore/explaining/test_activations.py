"""Activations compared with plain loops over the stored kernels."""

import numpy as np
import pytest

from mlcore.explaining.explainer import Explainer
from mlcore.reading.engine import Engine


def convolved(before, kernel, bias, shape):
    """Return a convolution with stride 1 and ReLU; the shape tells whether it is padded.

    (h, w, in), (rows, columns, in, out) → `shape`
    """
    rows, columns = kernel.shape[:2]
    down, across = before.shape[0] - shape[0], before.shape[1] - shape[1]
    assert (down, across) in ((0, 0), (rows - 1, columns - 1))
    if (down, across) == (0, 0):
        top, left = (rows - 1) // 2, (columns - 1) // 2
        before = np.pad(before, ((top, rows - 1 - top), (left, columns - 1 - left), (0, 0)))
    after = np.empty(shape)
    for row in range(shape[0]):
        for column in range(shape[1]):
            window = before[row : row + rows, column : column + columns]
            for channel in range(shape[2]):
                after[row, column, channel] = (window * kernel[..., channel]).sum() + bias[channel]
    return np.maximum(after, 0)


def pooled(before, shape):
    after = np.empty(shape)
    step = before.shape[0] // shape[0]
    for row in range(shape[0]):
        for column in range(shape[1]):
            window = before[step * row : step * row + step, step * column : step * column + step]
            after[row, column] = window.max(axis=(0, 1))
    return after


def assert_layers_follow_from_each_other(explainer, image):
    activations = explainer.activations(image)
    assert list(activations) == [layer.name for layer in explainer.network.layers]
    for position, layer in enumerate(explainer.network.layers):
        before = explainer.input_of(position, image, activations).astype(np.float64)
        if layer.kind == "conv":
            kernel, bias = explainer.kernels[layer.name], explainer.kernels[f"{layer.name}_bias"]
            expected = convolved(before, kernel, bias, layer.shape)
        else:
            expected = pooled(before, layer.shape)
        assert expected.max() > 0
        # Later sums have a thousand terms of float32: so many more roundings are allowed.
        allowed = 1e-5 * max(1.0, float(np.abs(expected).max()))
        np.testing.assert_allclose(activations[layer.name], expected, atol=allowed, rtol=0)


def test_a_first_layer_map_equals_a_plain_convolution_with_the_stored_kernels(explainer, seven):
    first = explainer.network.layers[0]
    kernel, bias = explainer.kernels[first.name], explainer.kernels[f"{first.name}_bias"]
    expected = convolved(seven[..., np.newaxis] / 255, kernel, bias, first.shape)
    assert np.abs(explainer.activations(seven)[first.name] - expected).max() < 1e-5


@pytest.mark.slow
def test_every_layer_of_the_shipped_network_follows_from_the_previous_one(explainer, seven):
    assert_layers_follow_from_each_other(explainer, seven)


@pytest.mark.slow
def test_every_layer_of_classic_follows_from_the_previous_one(classic, seven):
    assert_layers_follow_from_each_other(Explainer(Engine(classic)), seven)
