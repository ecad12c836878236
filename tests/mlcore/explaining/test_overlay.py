from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from mlcore.explaining.colours import evidence_colours
from mlcore.explaining.geometry import Window
from mlcore.explaining.overlay import Frame, clear_of, draw_overlay, frame_of
from mlcore.reading.result import Box


def rgba(png):
    return np.asarray(Image.open(BytesIO(png)).convert("RGBA"))


def test_the_frame_lies_where_the_ink_was_found():
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 10:18] = 255  # 20 high, 8 wide
    frame = frame_of(image, Box(100, 50, 80, 200))
    assert frame == Frame(left=0, top=10, cell=10)
    assert frame.locate(Window(4, 10, 24, 18)) == (100, 50, 80, 200)


def test_the_frame_of_a_normalised_picture_is_the_picture(seven):
    rows, columns = np.flatnonzero((seven >= 26).any(1)), np.flatnonzero((seven >= 26).any(0))
    box = Box(int(columns[0]), int(rows[0]), int(columns[-1] - columns[0] + 1), int(rows[-1] - rows[0] + 1))
    assert frame_of(seven, box) == Frame(0, 0, 1)


def test_the_surroundings_are_clipped_to_the_picture():
    frame = Frame(left=10, top=100, cell=10)
    assert frame.surroundings(1000, 300) == (0, 80, 310, 220)


def test_the_surroundings_end_where_another_digit_begins():
    area, own = Frame(left=100, top=100, cell=10).surroundings(1000, 1000), Box(200, 140, 60, 200)
    beside = [Box(20, 150, 150, 200), Box(300, 130, 90, 220)]
    other_lines = [Box(100, 20, 90, 90), Box(250, 360, 80, 90)]
    assert clear_of(area, own, beside) == (170, 80, 130, 320)
    assert clear_of(area, own, [*beside, *other_lines]) == (170, 110, 130, 250)
    touching = [Box(250, 140, 60, 200)]
    assert clear_of(area, own, touching) == (80, 80, 180, 320)


def test_an_empty_input_has_a_frame_too():
    assert frame_of(np.zeros((28, 28), np.uint8), Box(3, 4, 56, 28)) == Frame(3, 4, 2)


def test_evidence_for_and_against_have_their_own_colours():
    values = np.zeros((7, 7), np.float32)
    values[1, 1], values[5, 5] = 2, -2
    picture = rgba(draw_overlay(values, 2))
    speaks_for, against = evidence_colours()
    np.testing.assert_array_equal(picture[48, 48, :3], speaks_for)
    np.testing.assert_array_equal(picture[176, 176, :3], against)
    assert picture[48, 48, 3] > 150
    assert picture[0, 220, 3] == 0  # nothing is clear


def test_the_limit_is_the_scale():
    values = np.ones((7, 7), np.float32)
    strong, weak = rgba(draw_overlay(values, 1))[100, 100, 3], rgba(draw_overlay(values, 10))[100, 100, 3]
    assert int(weak) == pytest.approx(int(strong) / 10, abs=1)


def test_an_overlay_of_zeros_is_transparent():
    assert not rgba(draw_overlay(np.zeros((7, 7), np.float32), 0.0))[..., 3].any()
