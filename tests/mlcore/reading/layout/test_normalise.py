import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mlcore.reading.layout.normalise import LONGEST, SIDE, THINNEST, VISIBLE, normalise, stroke_width

Floats = NDArray[np.float32]


@st.composite
def handwriting(draw: st.DrawFn) -> Floats:
    """Draw a few connected strokes with any pen, at any size and place."""
    size = draw(st.integers(12, 220))
    points = draw(st.lists(st.tuples(st.floats(0.1, 0.9), st.floats(0.1, 0.9)), min_size=2, max_size=6))
    pen = draw(st.floats(0.02, 0.16))
    ink = np.zeros((size, size), np.float32)
    path = (np.array(points) * size).astype(np.int32)
    cv2.polylines(ink, [path], False, 1.0, max(1, round(pen * size)))
    return cv2.GaussianBlur(ink, (0, 0), 0.5)


def box(frame: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    return cv2.boundingRect((frame > 25).astype(np.uint8))


def difference(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the difference of each pixel at the best shift by one pixel: the rounded centre of mass may differ."""
    places = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    return min((np.abs(np.roll(a, place, (0, 1)).astype(int) - b) for place in places), key=np.sum)


@settings(max_examples=150)
@given(handwriting())
def test_the_digit_fits_the_frame_of_mnist(ink: Floats) -> None:
    frame = normalise(ink)
    assert (frame.shape, frame.dtype) == ((SIDE, SIDE), np.uint8)
    _, _, width, height = box(frame)
    assert LONGEST - 2 <= max(width, height) <= LONGEST
    y, x = np.mgrid[:SIDE, :SIDE]
    for axis in (x, y):
        # Only a digit whose mass lies far to one side meets the frame's edge before its centre.
        centre = (frame * axis).sum() / frame.sum()
        touches = frame[[0, -1]].any() or frame[:, [0, -1]].any()
        assert abs(centre - SIDE / 2) <= 0.51 or touches


@settings(max_examples=100)
@given(handwriting(), st.integers(0, 40), st.integers(0, 40))
def test_where_it_was_written_changes_nothing(ink: Floats, down: int, right: int) -> None:
    moved = np.pad(ink, ((down, 40 - down), (right, 40 - right)))
    assert np.array_equal(normalise(moved), normalise(ink))


@settings(max_examples=100)
@given(handwriting())
def test_a_normalised_frame_stays_unchanged(ink: Floats) -> None:
    frame = normalise(ink)
    again = frame.astype(np.float32) / 255
    if stroke_width(again) > THINNEST and max(box(frame)[2:]) == LONGEST:
        assert difference(normalise(again), frame).max() <= 255 * VISIBLE  # a fainter edge is let go


@settings(max_examples=60)
@given(handwriting(), st.integers(2, 3))
def test_how_large_it_was_written_changes_little(ink: Floats, times: int) -> None:
    larger = np.kron(ink, np.ones((times, times), np.float32))
    assert difference(normalise(larger), normalise(ink)).mean() < 20


def test_no_ink_is_an_empty_frame() -> None:
    assert not normalise(np.zeros((50, 40), np.float32)).any()


def test_a_hairline_is_widened() -> None:
    ink = np.zeros((400, 400), np.float32)
    cv2.polylines(ink, [np.array([(100, 60), (300, 60), (180, 340)], np.int32)], False, 1.0, 2, cv2.LINE_AA)
    frame = normalise(ink).astype(np.float32) / 255
    assert 1.4 < stroke_width(frame) < 2.6
    assert frame.max() > 0.9


def test_a_marker_is_not_widened() -> None:
    ink = np.zeros((200, 200), np.float32)
    cv2.line(ink, (100, 20), (100, 180), 1.0, 30)
    _, _, width, height = box(normalise(ink))
    assert (width, height) == (round(31 / 191 * LONGEST), LONGEST)


def test_a_small_digit_keeps_its_greys() -> None:
    ink = np.zeros((9, 9), np.float32)
    ink[1:8, 4] = (0.4, 0.8, 1.0, 1.0, 1.0, 0.7, 0.4)
    ink[1, 2:4] = (0.5, 0.6)
    frame = normalise(ink)
    assert len(np.unique(frame)) > 20


def test_the_stroke_width_equals_the_pens() -> None:
    for width in (2, 5, 9):
        ink = np.zeros((200, 200), np.float32)
        ink[20:180, 100 : 100 + width] = 1
        assert abs(stroke_width(ink) - width) < 0.15 * width + 0.2
