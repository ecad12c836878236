import cv2
import numpy as np
import pytest

from mlcore.reading.layout.printed_boxes import find_printed_boxes


def form(boxes=4, side=60, *, written=True, left=40, slant=0):
    """Draw boxes in a row with a stroke in each: (160, 400) float32."""
    sheet = np.zeros((160, 400), np.uint8)
    for i in range(boxes):
        x = left + i * side
        corners = np.array([[x, 40], [x + side, 40], [x + side - slant, 40 + side], [x - slant, 40 + side]])
        cv2.polylines(sheet, [corners.astype(np.int32)], True, 255, 2)
        if written:
            cv2.line(sheet, (x + 20, 55), (x + 30, 40 + side - 15), 255, 4)
    return sheet.astype(np.float32) / 255


@pytest.mark.parametrize("slant", [0, 8])
def test_a_row_of_boxes_is_found_with_only_the_writing_inside(slant):
    raw = form(slant=slant)
    ((boxes, inside),) = find_printed_boxes(raw)
    assert len(boxes) == 4
    assert [abs(x + slant - 40 - 60 * i) < 6 for i, (x, _, _, _) in enumerate(boxes)] == [True] * 4
    assert all(abs(y - 40) < 5 and abs(height - 60) < 6 for _, y, _, height in boxes)
    count = cv2.connectedComponents((inside > 0.5).astype(np.uint8))[0] - 1
    assert count == 4


def test_a_single_box_is_ignored():
    assert list(find_printed_boxes(form(boxes=1))) == []


def test_empty_boxes_are_ignored():
    assert list(find_printed_boxes(form(written=False))) == []


def test_loops_of_digits_are_not_boxes():
    sheet = np.zeros((100, 300), np.uint8)
    for x in (50, 110, 170, 230):
        cv2.ellipse(sheet, (x, 50), (22, 34), 0, 0, 360, 255, 4)
    assert list(find_printed_boxes(sheet.astype(np.float32) / 255)) == []


def test_a_digit_that_touches_its_box_is_kept():
    raw = form()
    cv2.line(raw, (45, 70), (68, 70), 1.0, 4)  # a bar that runs into the left side
    ((_, inside),) = find_printed_boxes(raw)
    assert inside[70, 52] == pytest.approx(1)


def test_drawing_outside_the_boxes_is_left_out():
    raw = form()
    cv2.line(raw, (20, 20), (380, 24), 1.0, 4)
    cv2.circle(raw, (340, 120), 20, 1.0, 3)
    ((_, inside),) = find_printed_boxes(raw)
    assert inside[:38].max() == 0
    assert inside[104:].max() == 0


def test_squared_paper_is_not_a_form():
    squares = np.zeros((600, 600), np.float32)
    squares[::12] = squares[:, ::12] = 1
    squares[5::12, 5::12] = squares[6::12, 6::12] = squares[5::12, 6::12] = 1
    assert list(find_printed_boxes(squares[:200])) != []  # a part of it could be one
    assert list(find_printed_boxes(squares)) == []
