import numpy as np
import pytest

from mlcore.artifact import Layer
from mlcore.explaining.geometry import Window, find_peak, layer_geometries, receptive_field, strongest_first


def kernels(**sizes):
    return {name: np.zeros((size, size, 1, 1), np.float32) for name, size in sizes.items()}


def conv(name, side):
    return Layer(name, "conv", (side, side, 1))


def pool(name, side):
    return Layer(name, "pool", (side, side, 1))


@pytest.mark.parametrize(
    ("layer", "size", "expected"),
    [
        (conv("a", 28), 3, (3, 1, 1)),  # padded
        (conv("a", 26), 3, (3, 1, 0)),  # not padded
        (conv("a", 14), 3, (3, 2, 0)),  # padded below and to the right alone
        (conv("a", 13), 3, (3, 2, 0)),
        (conv("a", 28), 5, (5, 1, 2)),
        (pool("a", 14), 0, (2, 2, 0)),
        (pool("a", 9), 0, (3, 3, 0)),
    ],
)
def test_window_stride_and_padding_follow_from_the_shapes(layer, size, expected):
    (geometry,) = layer_geometries([layer], kernels(a=size) if size else {})
    assert (geometry.size[0], geometry.stride[0], geometry.pad[0]) == expected


def test_shapes_that_do_not_fit_are_an_error():
    with pytest.raises(ValueError, match="No window"):
        layer_geometries([conv("a", 27)], kernels(a=3))


def test_the_window_of_a_padded_convolution_extends_over_the_edge():
    (geometry,) = layer_geometries([conv("a", 28)], kernels(a=3))
    assert geometry.window(0, 27) == Window(-1, 26, 2, 29)


def test_a_receptive_field_grows_with_the_layers_and_ends_at_the_edge():
    geometries = layer_geometries([conv("a", 28), conv("b", 28), pool("p", 14), conv("c", 14)], kernels(a=3, b=3, c=3))
    assert receptive_field(geometries[:1], 10, 10) == Window(9, 9, 12, 12)
    assert receptive_field(geometries[:3], 5, 5) == Window(8, 8, 14, 14)
    assert receptive_field(geometries, 5, 5) == Window(6, 6, 16, 16)
    assert receptive_field(geometries, 0, 13) == Window(0, 22, 6, 28)


def test_the_receptive_field_holds_every_pixel_that_matters_and_no_other(explainer, seven, rng):
    """Changes inside the field change the cell, and changes outside do not."""
    name, position = "conv3", 3
    assert explainer.network.layers[position].name == name
    field = receptive_field(explainer.geometries[: position + 1], 6, 7)
    inside = np.zeros((28, 28), bool)
    inside[field.top : field.bottom, field.left : field.right] = True
    noise = rng.integers(0, 256, (28, 28), dtype=np.uint8)
    before = explainer.activations(seven)[name][6, 7]
    np.testing.assert_allclose(explainer.activations(np.where(inside, seven, noise))[name][6, 7], before, atol=1e-5)
    for pixel in ((field.top, field.left), (field.bottom - 1, field.right - 1)):
        changed = seven.copy()
        changed[pixel] = 255 - changed[pixel]
        assert np.abs(explainer.activations(changed)[name][6, 7] - before).max() > 0


def test_the_peak_is_the_first_of_equals():
    assert find_peak(np.array([[0, 2], [2, 1]], np.float32)) == (0, 1)


def test_channels_come_strongest_first():
    assert strongest_first(np.array([[[1, 5, 0]], [[3, 0, 4]]], np.float32)) == [1, 2, 0]
