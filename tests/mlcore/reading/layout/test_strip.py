import cv2
import numpy as np
import pytest

from mlcore.reading.layout.strip import HEIGHT, WRITING, cut_strip, measure_slant, measure_slope, stack_strips


def strokes(count=6, height=60, lean=0.0, sink=0.0, thick=4):
    """Draw strokes beside each other with this lean and slope; (300, 600) float32."""
    sheet = np.zeros((300, 600), np.uint8)
    for i in range(count):
        x, y = 60 + 70 * i, 150 + sink * (60 + 70 * i - 300)
        top = (round(x + lean * height / 2), round(y - height / 2))
        bottom = (round(x - lean * height / 2), round(y + height / 2))
        cv2.line(sheet, top, bottom, 255, thick, cv2.LINE_AA)
    return sheet.astype(np.float32) / 255


def box_of(ink):
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1] - columns[0] + 1), int(rows[-1] - rows[0] + 1)


def test_the_writing_fills_the_strip_whatever_its_size():
    for height in (20, 60, 150):
        ink = strokes(count=3, height=height)
        strip = cut_strip(ink, box_of(ink))
        rows = np.flatnonzero(strip.image.max(axis=1) > 128)
        assert strip.image.shape[0] == HEIGHT
        assert WRITING - 3 <= len(rows) <= WRITING + 2


def test_an_empty_picture_has_no_strip():
    assert cut_strip(np.zeros((40, 90), np.float32), (0, 0, 90, 40)) is None


@pytest.mark.parametrize("sink", [-0.2, 0.15])
def test_a_sinking_line_is_made_level(sink):
    ink = strokes(sink=sink)
    assert measure_slope(ink) == pytest.approx(sink, abs=0.02)
    strip = cut_strip(ink, box_of(ink))
    middles = [
        np.average(np.arange(HEIGHT), weights=part.sum(axis=1) + 1e-6) for part in np.array_split(strip.image, 6, 1)
    ]
    assert np.ptp(middles) < 2


@pytest.mark.parametrize("lean", [-0.2, 0.3, 0.6])
def test_leaning_writing_is_made_upright(lean):
    ink = strokes(lean=lean)
    strip = cut_strip(ink, box_of(ink))
    assert strip.slant == pytest.approx(0.9 * lean, abs=0.1)
    assert abs(measure_slant(strip.image)) <= 0.1


def test_a_single_leaning_stroke_is_not_made_upright():
    ink = strokes(count=1, lean=0.6)
    assert cut_strip(ink, box_of(ink)).slant == 0


@pytest.mark.parametrize(("lean", "sink"), [(0.0, 0.0), (0.4, 0.0), (0.0, 0.15), (0.3, -0.1)])
def test_every_pixel_of_ink_is_located_in_the_strip(lean, sink):
    ink = strokes(lean=lean, sink=sink)
    strip = cut_strip(ink, box_of(ink))
    ys, xs = np.nonzero(ink > 0.9)
    columns, rows = strip.locate(xs, ys)
    assert (strip.image[rows, columns] > 60).mean() > 0.95


def test_a_ruled_line_does_not_shrink_the_digits():
    ink = strokes()
    ruled = ink.copy()
    ruled[215:218, 30:560] = 1
    plain, other = cut_strip(ink, box_of(ink)), cut_strip(ruled, box_of(ruled))
    assert other.scale == pytest.approx(plain.scale, rel=0.15)


def test_strips_are_stacked_with_paper_on_the_right():
    batch = stack_strips([np.full((32, 40), 255, np.uint8), np.full((32, 70), 255, np.uint8)])
    assert batch.shape == (2, 32, 96, 1)
    assert batch[0, :, :40].min() == 1
    assert batch[0, :, 40:].max() == 0
