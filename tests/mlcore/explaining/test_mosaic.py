from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from mlcore.explaining.colours import colour_table
from mlcore.explaining.mosaic import CLEAR, MosaicLayout, draw_mosaic, scale_of


def drawn(mosaic):
    """Return the PNG's palette indices at one pixel per cell, and the picture."""
    picture = Image.open(BytesIO(mosaic.png))
    return np.asarray(picture)[::2, ::2], picture


@pytest.mark.parametrize(("channels", "columns"), [(32, 8), (64, 8), (1, 1), (7, 3), (16, 4), (128, 12)])
def test_mosaics_are_nearly_square_except_for_32_channels(channels, columns):
    sheet = MosaicLayout((3, 3, channels))
    assert (sheet.columns, sheet.rows) == (columns, -(-channels // columns))


@pytest.mark.parametrize("channels", [32, 7])
def test_channels_are_in_reading_order(channels):
    activation = np.zeros((5, 4, channels), np.float32)
    for k in range(channels):
        activation[k % 5, k % 4, k] = 1 + k
    mosaic = draw_mosaic(activation)
    levels, _ = drawn(mosaic)
    for k in range(channels):
        top, left = k // mosaic.columns * 6, k % mosaic.columns * 5
        tile = levels[top : top + 5, left : left + 4]
        expected = np.zeros((5, 4))
        expected[k % 5, k % 4] = round(254 * (1 + k) / channels)
        np.testing.assert_array_equal(tile, expected)
        assert mosaic.layout.corner(k) == (left, top)


def test_the_whole_layer_has_one_scale():
    activation = np.zeros((2, 2, 4), np.float32)
    activation[..., 0], activation[..., 1] = 8, 0.08
    mosaic = draw_mosaic(activation)
    levels, _ = drawn(mosaic)
    assert (mosaic.low, mosaic.high) == (0, 8)
    assert levels[0, 0] == 254
    assert levels[0, 3] == 3  # a hundredth looks like a hundredth


def test_a_given_scale_is_used_and_clips():
    mosaic = draw_mosaic(np.array([[[5.0, -1.0]]], np.float32), (0.0, 2.0))
    levels, _ = drawn(mosaic)
    assert (levels[0, 0], levels[0, 2]) == (254, 0)
    assert (mosaic.low, mosaic.high) == (0, 2)


def test_several_maps_share_a_scale():
    assert scale_of(np.float32([[[1, 2]]]), np.float32([[[-3]]])) == (-3, 2)


def test_cells_are_unsmoothed_squares_in_the_tables_colours(rng):
    mosaic = draw_mosaic(rng.random((6, 6, 3), dtype=np.float32))
    levels, picture = drawn(mosaic)
    assert picture.size == (2 * 13, 2 * 13) == (2 * mosaic.layout.width, 2 * mosaic.layout.height)
    np.testing.assert_array_equal(np.asarray(picture), levels.repeat(2, 0).repeat(2, 1))
    rgba = np.asarray(picture.convert("RGBA"))[::2, ::2]
    np.testing.assert_array_equal(rgba[0, 0, :3], colour_table()[levels[0, 0]])


def test_gaps_and_missing_tiles_are_transparent(rng):
    levels, picture = drawn(draw_mosaic(rng.random((4, 4, 3), dtype=np.float32)))
    assert (levels[4] == CLEAR).all()
    assert (levels[5:, 5:] == CLEAR).all()  # the fourth tile of three channels
    alpha = np.asarray(picture.convert("RGBA"))[::2, ::2, 3]
    np.testing.assert_array_equal(alpha, np.where(levels == CLEAR, 0, 255))


def test_a_silent_layer_is_drawn_dark_without_a_warning():
    levels, _ = drawn(draw_mosaic(np.zeros((4, 4, 1), np.float32)))
    assert not levels.any()


def test_all_maps_of_one_digit_are_small(explainer, seven):
    sizes = [len(draw_mosaic(maps).png) for maps in explainer.activations(seven).values()]
    assert sum(sizes) < 200_000
