"""The account of the ink: what an answer leaves out makes it unsure, and dirt does not."""

import cv2
import numpy as np
import pytest

from mlcore.reading.result import Reading
from tests.mlcore.reading.layout.test_text_lines import HEIGHT, draw_page, read


def answer_with(mark: str) -> Reading:
    ink = draw_page(["40731"])
    foot = 2 * HEIGHT - 3
    gap = HEIGHT * 4 - 6  # between the third digit and the fourth
    if mark == "point":
        cv2.circle(ink, (gap, foot), 3, 1.0, -1)
    elif mark == "minus":
        ink = np.pad(ink, ((0, 0), (HEIGHT, 0)))
        cv2.line(ink, (HEIGHT + 8, round(1.5 * HEIGHT)), (2 * HEIGHT - 8, round(1.5 * HEIGHT)), 1.0, 4)
    elif mark == "word":
        ink = np.pad(ink, ((0, 0), (0, 6 * HEIGHT)))
        word = np.zeros(ink.shape, np.uint8)
        cv2.putText(word, "kg", (ink.shape[1] - 4 * HEIGHT, 2 * HEIGHT - 6), cv2.FONT_HERSHEY_SIMPLEX, 1.3, 1, 4)
        ink = np.maximum(ink, word.astype(np.float32))
    elif mark == "speck":
        ink[HEIGHT // 2, HEIGHT // 2] = 0.6
    elif mark == "ruling":
        ink[round(2.4 * HEIGHT)] = 0.6
    return read(ink, "number")


def test_an_answer_that_explains_all_ink_is_sure() -> None:
    answer = answer_with("nothing")
    assert (answer.text, answer.decision, answer.unread) == ("40731", "read", ())


def test_ink_that_is_left_out_makes_the_answer_unsure_and_has_a_box() -> None:
    answer = answer_with("word")
    assert (answer.decision, answer.reason) == ("unsure", "unread_ink")
    assert answer.unread
    assert {ink.kind for ink in answer.unread} <= {"letters", "mark"}


@pytest.mark.parametrize(("mark", "written"), [("point", "407.31"), ("minus", "-40731")])
def test_a_sign_is_written_or_listed_as_unread(mark: str, written: str) -> None:
    answer = answer_with(mark)
    if answer.written != written:
        assert (answer.decision, answer.reason) == ("unsure", "unread_ink")
        assert {ink.kind for ink in answer.unread} == {"sign"}


@pytest.mark.parametrize("mark", ["speck", "ruling"])
def test_dirt_and_rulings_leave_the_answer_sure(mark: str) -> None:
    answer = answer_with(mark)
    assert (answer.text, answer.decision, answer.unread) == ("40731", "read", ())
