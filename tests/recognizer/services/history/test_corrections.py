"""Corrections are appended; the newest counts; undo appends too."""

import pytest

from recognizer.models import Correction
from recognizer.models.base import ImmutableRowError
from recognizer.problems import Problem
from recognizer.services.history.corrections import (
    add_box,
    correct,
    correct_glyphs,
    current_correction,
    entered_corrections,
    labelled_boxes,
    merge_boxes,
    remove_box,
    split_box,
    undo,
)
from recognizer.services.reading.predictions import reread_upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def number(given):
    return given("190", decision="unsure")


def texts(prediction) -> list[tuple[str, str]]:
    return list(prediction.upload.corrections.order_by("created_at").values_list("kind", "text"))


def boxes(prediction) -> list[tuple[tuple[int, ...], str]]:
    return [(place.box, place.label) for place in labelled_boxes(prediction, current_correction(prediction))]


def test_confirming_says_what_was_read(number, alice):
    said = correct(prediction=number, by=alice, kind="confirm")
    assert (said.kind, said.text, said.by, said.prediction) == ("confirm", "190", alice, number)
    assert [item["label"] for item in said.boxes] == ["1", "9", "0"]


def test_saying_the_same_twice_says_it_once(number, alice):
    assert correct(prediction=number, by=alice, kind="confirm") == correct(prediction=number, by=alice, kind="confirm")
    assert Correction.objects.count() == 1


def test_a_text_of_the_same_length_keeps_the_places(number, alice):
    said = correct(prediction=number, by=alice, kind="correct", text="196")
    assert said.boxes == [
        {"box": [0, 5, 10, 20], "label": "1"},
        {"box": [10, 5, 10, 20], "label": "9"},
        {"box": [20, 5, 10, 20], "label": "6"},
    ]


def test_a_text_of_another_length_has_no_places(number, alice):
    assert correct(prediction=number, by=alice, kind="correct", text="1905").boxes == []
    assert boxes(number) == []  # not the reader's, which would be taken for what was said
    with pytest.raises(Problem, match="1905 was corrected without boxes"):
        add_box(prediction=number, by=alice, box=(30, 5, 10, 20), label="5")
    assert current_correction(number).text == "1905"


def test_typing_what_was_read_is_confirming(number, alice):
    assert correct(prediction=number, by=alice, kind="correct", text="190").kind == "confirm"


def test_one_digit_after_another(number, alice):
    correct_glyphs(prediction=number, by=alice, labels={1: "4"})
    correct_glyphs(prediction=number, by=alice, labels={2: ""})
    assert texts(number) == [("correct", "140"), ("correct", "14")]
    assert boxes(number)[2] == ((20, 5, 10, 20), "")


def test_without_any_digit_left_it_is_no_digit(number, alice):
    for position in range(3):
        correct_glyphs(prediction=number, by=alice, labels={position: ""})
    assert texts(number)[-1] == ("not_a_digit", "")


def test_a_box_is_split_in_the_middle(number, alice):
    split_box(prediction=number, by=alice, position=0, labels="17")
    assert boxes(number)[:2] == [((0, 5, 5, 20), "1"), ((5, 5, 5, 20), "7")]
    assert texts(number) == [("correct", "1790")]


def test_two_boxes_become_one_around_both(number, alice):
    merge_boxes(prediction=number, by=alice, position=1, label="4")
    assert boxes(number) == [((0, 5, 10, 20), "1"), ((10, 5, 20, 20), "4")]


def test_a_box_is_removed(number, alice):
    remove_box(prediction=number, by=alice, position=0)
    assert texts(number) == [("correct", "90")]


def test_a_box_is_added_where_it_stands_in_the_line(number, alice):
    add_box(prediction=number, by=alice, box=(13, 0, 3, 20), label="5")
    assert texts(number) == [("correct", "1590")]


def test_undo_brings_back_what_stood_before_step_by_step(number, alice):
    correct(prediction=number, by=alice, kind="confirm")
    correct(prediction=number, by=alice, kind="correct", text="191")
    correct(prediction=number, by=alice, kind="correct", text="192")
    stood = []
    for _ in range(3):
        undo(prediction=number, by=alice)
        standing = current_correction(number)
        stood.append(standing and standing.text)
    assert stood == ["191", "190", None]
    with pytest.raises(Problem, match="no correction to undo"):
        undo(prediction=number, by=alice)


def test_what_undo_says_once_more_was_said_by_nobody(number, alice):
    correct(prediction=number, by=alice, kind="correct", text="191")
    correct(prediction=number, by=alice, kind="correct", text="192")
    undo(prediction=number, by=alice)
    correct(prediction=number, by=alice, kind="correct", text="193")
    kept = list(number.upload.corrections.order_by("created_at", "id"))
    assert [row.text for row in kept] == ["191", "192", "", "191", "193"]
    assert [row.text for row in entered_corrections(kept)] == ["191", "192", "", "193"]


def test_what_is_said_after_an_undo_counts(number, alice):
    correct(prediction=number, by=alice, kind="correct", text="191")
    undo(prediction=number, by=alice)
    correct(prediction=number, by=alice, kind="correct", text="191")
    assert current_correction(number).text == "191"
    undo(prediction=number, by=alice)
    assert current_correction(number) is None


def test_the_newest_row_always_speaks_for_itself(number, alice):
    correct(prediction=number, by=alice, kind="correct", text="191")
    correct(prediction=number, by=alice, kind="correct", text="192")
    undo(prediction=number, by=alice)
    newest = number.upload.corrections.order_by("-created_at", "-id").first()
    assert (newest.kind, newest.text) == ("correct", "191")


def test_nothing_is_ever_changed(number, alice):
    said = correct(prediction=number, by=alice, kind="confirm")
    said.text = "191"
    with pytest.raises(ImmutableRowError):
        said.save()


@pytest.mark.parametrize("text", ["seven", "1 2", "-1", "٣", "7" * 101, "1\n"])
def test_only_digits_are_said(number, alice, text):
    with pytest.raises(Problem) as raised:
        correct(prediction=number, by=alice, kind="correct", text=text)
    assert raised.value.code == "invalid"


@pytest.mark.parametrize("box", [(-1, 0, 5, 5), (0, 0, 0, 5), (0, 0, 61, 5), (59, 59, 2, 2)])
def test_a_box_lies_inside_the_picture(number, alice, box):
    with pytest.raises(Problem, match="inside the picture"):
        add_box(prediction=number, by=alice, box=box, label="1")


def test_a_correction_survives_another_reading(number, alice):
    correct(prediction=number, by=alice, kind="correct", text="191")
    again = reread_upload(number.upload, "digit")
    assert current_correction(again).text == "191"
    assert current_correction(again).prediction == number
