"""The marks of unread ink in a picture."""

import pytest

from mlcore.reading.result import Box, UnreadInk
from recognizer.models.stored_readings import unread_boxes

pytestmark = pytest.mark.any_database


def inks(*boxes):
    return [UnreadInk(Box(*box), "sign") for box in boxes]


def test_the_letters_of_a_word_have_one_box():
    letters = inks((100, 50, 10, 20), (40, 44, 12, 26), (60, 50, 30, 18))
    assert unread_boxes(letters) == [Box(40, 44, 70, 26)]


def test_words_of_a_line_have_one_box_where_a_letter_between_them_was_not_found():
    # "paid in May" without its "n"
    assert unread_boxes(inks((43, 259, 91, 38), (174, 261, 72, 37))) == [Box(43, 259, 203, 39)]


def test_ink_that_is_far_apart_or_in_another_line_has_its_own_box():
    apart = inks((0, 0, 10, 20), (40, 0, 10, 20), (12, 25, 10, 20))
    assert sorted(unread_boxes(apart), key=lambda box: (box.x, box.y)) == [
        Box(0, 0, 10, 20),
        Box(12, 25, 10, 20),
        Box(40, 0, 10, 20),
    ]
    assert unread_boxes([]) == []
