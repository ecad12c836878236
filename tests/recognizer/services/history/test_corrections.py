"""Corrections are appended, the newest one counts, and undo appends as well."""

import uuid

import pytest
from django.utils import timezone

from recognizer.models import Correction, Glyph
from recognizer.models.base import ImmutableRowError
from recognizer.problems import Problem
from recognizer.queries import selectors
from recognizer.services.exports import exports
from recognizer.services.history.corrections import (
    add_box,
    correct,
    correct_each,
    correct_glyphs,
    correct_labels,
    correct_number,
    correct_read_glyphs,
    merge_boxes,
    remove_box,
    split_box,
    undo,
)
from recognizer.services.history.current_corrections import current_correction, entered_corrections, select_current
from recognizer.services.history.labelled_boxes import labelled_boxes
from recognizer.services.reading.predictions import reread_upload
from tests.recognizer.threads import meanwhile

pytestmark = pytest.mark.django_db


@pytest.fixture
def number(add_prediction):
    return add_prediction("190", decision="unsure")


@pytest.fixture
def rejected(add_prediction):
    """A rejected prediction in which a glyph similar to a digit was found."""
    prediction = add_prediction("", decision="rejected")
    Glyph.objects.create(
        prediction=prediction,
        position=0,
        x=1,
        y=2,
        width=3,
        height=4,
        input=bytes(784),
        digit=7,
        confidence=0.2,
        probabilities=[0.1] * 10,
    )
    return prediction


def stored_corrections(prediction) -> list[tuple[str, str]]:
    return list(prediction.upload.corrections.order_by("created_at").values_list("kind", "text"))


def current_boxes(prediction) -> list[tuple[tuple[int, ...], str]]:
    return [(labelled.box, labelled.label) for labelled in labelled_boxes(prediction, current_correction(prediction))]


def test_confirming_stores_what_was_read(number, alice):
    row = correct(prediction=number, by=alice, kind="confirm")
    assert (row.kind, row.text, row.by, row.prediction) == ("confirm", "190", alice, number)
    assert [item["label"] for item in row.boxes] == ["1", "9", "0"]


def test_repeating_a_correction_adds_no_row(number, alice):
    assert correct(prediction=number, by=alice, kind="confirm") == correct(prediction=number, by=alice, kind="confirm")
    assert Correction.objects.count() == 1


def test_a_text_of_the_same_length_keeps_the_boxes(number, alice):
    row = correct(prediction=number, by=alice, kind="correct", text="196")
    assert row.boxes == [
        {"box": [0, 5, 10, 20], "label": "1"},
        {"box": [10, 5, 10, 20], "label": "9"},
        {"box": [20, 5, 10, 20], "label": "6"},
    ]


def test_a_text_of_another_length_has_no_boxes(number, alice):
    assert correct(prediction=number, by=alice, kind="correct", text="1905").boxes == []
    assert current_boxes(number) == []  # the reader's boxes do not belong to the corrected text
    with pytest.raises(Problem, match="1905 was corrected without boxes"):
        add_box(prediction=number, by=alice, box=(30, 5, 10, 20), label="5")
    assert current_correction(number).text == "1905"


def test_entering_the_text_that_was_read_confirms_it(number, alice):
    assert correct(prediction=number, by=alice, kind="correct", text="190").kind == "confirm"


def test_digits_are_corrected_one_after_another(number, alice):
    correct_glyphs(prediction=number, by=alice, labels={1: "4"})
    correct_glyphs(prediction=number, by=alice, labels={2: ""})
    assert stored_corrections(number) == [("correct", "140"), ("correct", "14")]
    assert current_boxes(number)[2] == ((20, 5, 10, 20), "")


def test_removing_every_label_marks_the_picture_as_no_digit(number, alice):
    for position in range(3):
        correct_glyphs(prediction=number, by=alice, labels={position: ""})
    assert stored_corrections(number)[-1] == ("not_a_digit", "")


def test_a_box_is_split_in_the_middle(number, alice):
    split_box(prediction=number, by=alice, position=0, labels="17")
    assert current_boxes(number)[:2] == [((0, 5, 5, 20), "1"), ((5, 5, 5, 20), "7")]
    assert stored_corrections(number) == [("correct", "1790")]


def test_merged_boxes_become_the_box_around_both(number, alice):
    merge_boxes(prediction=number, by=alice, position=1, label="4")
    assert current_boxes(number) == [((0, 5, 10, 20), "1"), ((10, 5, 20, 20), "4")]


def test_a_box_is_removed(number, alice):
    remove_box(prediction=number, by=alice, position=0)
    assert stored_corrections(number) == [("correct", "90")]


def test_an_added_box_is_placed_by_its_position(number, alice):
    add_box(prediction=number, by=alice, box=(13, 0, 3, 20), label="5")
    assert stored_corrections(number) == [("correct", "1590")]


def test_undo_restores_the_corrections_step_by_step(number, alice):
    correct(prediction=number, by=alice, kind="confirm")
    correct(prediction=number, by=alice, kind="correct", text="191")
    correct(prediction=number, by=alice, kind="correct", text="192")
    restored = []
    for _ in range(3):
        undo(prediction=number, by=alice)
        current = current_correction(number)
        restored.append(current and current.text)
    assert restored == ["191", "190", None]
    with pytest.raises(Problem, match="no correction to undo"):
        undo(prediction=number, by=alice)


def test_the_copy_that_undo_appends_is_not_an_entered_correction(number, alice):
    correct(prediction=number, by=alice, kind="correct", text="191")
    correct(prediction=number, by=alice, kind="correct", text="192")
    undo(prediction=number, by=alice)
    correct(prediction=number, by=alice, kind="correct", text="193")
    rows = list(number.upload.corrections.order_by("created_at", "id"))
    assert [row.text for row in rows] == ["191", "192", "", "191", "193"]
    assert [row.text for row in entered_corrections(rows)] == ["191", "192", "", "193"]


def test_a_correction_after_an_undo_counts(number, alice):
    correct(prediction=number, by=alice, kind="correct", text="191")
    undo(prediction=number, by=alice)
    correct(prediction=number, by=alice, kind="correct", text="191")
    assert current_correction(number).text == "191"
    undo(prediction=number, by=alice)
    assert current_correction(number) is None


def test_the_newest_row_after_an_undo_is_the_restored_correction(number, alice):
    correct(prediction=number, by=alice, kind="correct", text="191")
    correct(prediction=number, by=alice, kind="correct", text="192")
    undo(prediction=number, by=alice)
    newest = number.upload.corrections.order_by("-created_at", "-id").first()
    assert (newest.kind, newest.text) == ("correct", "191")


def test_a_stored_correction_cannot_be_changed(number, alice):
    row = correct(prediction=number, by=alice, kind="confirm")
    row.text = "191"
    with pytest.raises(ImmutableRowError):
        row.save()


@pytest.mark.parametrize("text", ["seven", "1 2", "-1", "٣", "7" * 660, "1\n"])
def test_a_text_that_is_not_digits_is_refused(number, alice, text):
    with pytest.raises(Problem) as raised:
        correct(prediction=number, by=alice, kind="correct", text=text)
    assert raised.value.code == "invalid"


@pytest.mark.parametrize("box", [(-1, 0, 5, 5), (0, 0, 0, 5), (0, 0, 61, 5), (59, 59, 2, 2)])
def test_a_box_outside_the_picture_is_refused(number, alice, box):
    with pytest.raises(Problem, match="inside the picture"):
        add_box(prediction=number, by=alice, box=box, label="1")


def test_a_correction_still_counts_after_another_reading(number, alice):
    correct(prediction=number, by=alice, kind="correct", text="191")
    again = reread_upload(number.upload, "digit")
    assert current_correction(again).text == "191"
    assert current_correction(again).prediction == number


@pytest.mark.parametrize("kind", ["confirm", "not_a_digit"])
def test_agreeing_with_a_rejection_confirms_it(rejected, alice, kind):
    row = correct(prediction=rejected, by=alice, kind=kind)
    assert (row.kind, row.text) == ("confirm", "")
    assert row.boxes == [{"box": [1, 2, 3, 4], "label": ""}]


def test_the_digit_of_a_rejected_glyph_is_not_a_label(rejected, alice):
    assert [labelled.label for labelled in labelled_boxes(rejected, None)] == [""]
    assert correct_labels(prediction=rejected, by=alice, labels=[""]).kind == "confirm"
    assert add_box(prediction=rejected, by=alice, box=(10, 2, 3, 4), label="6").text == "6"


def test_pages_and_lists_choose_the_same_of_two_corrections_with_one_time(add_prediction, alice):
    prediction, now = add_prediction("7"), timezone.now()
    for number, text in ((2, "2"), (1, "1")):
        values = {"upload": prediction.upload, "prediction": prediction, "by": alice, "created_at": now}
        Correction.objects.create(id=uuid.UUID(int=number), kind="correct", text=text, **values)
    for order in (["id"], ["-id"]):
        assert select_current(prediction.upload.corrections.order_by(*order)).text == "2"
    assert current_correction(prediction).text == selectors.history_for(alice).get().correction_written == "2"


def test_an_undone_correction_is_not_exported(add_prediction, alice):
    prediction = add_prediction("7")
    correct(prediction=prediction, by=alice, kind="correct", text="1")
    undo(prediction=prediction, by=alice)
    (row,) = exports.history_rows(selectors.history_for(alice), str)
    assert (row.correction, row.corrected_by, row.final) == (None, None, "7")


@pytest.mark.django_db(transaction=True)
def test_two_digits_that_are_corrected_at_the_same_time_are_both_kept(number, alice):
    with meanwhile(lambda: correct_read_glyphs(prediction=number, by=alice, labels={1: "4"})):
        correct_read_glyphs(prediction=number, by=alice, labels={2: "6"})
    assert current_correction(number).text == "146"


@pytest.mark.django_db(transaction=True)
def test_a_box_is_corrected_where_it_is_after_another_one_was_removed_at_the_same_time(number, alice):
    with meanwhile(lambda: correct_read_glyphs(prediction=number, by=alice, labels={2: "6"})):
        remove_box(prediction=number, by=alice, position=0)
    assert current_correction(number).text == "96"


@pytest.mark.django_db(transaction=True)
def test_a_number_is_saved_that_somebody_else_saves_at_the_same_time(number, alice):
    form = {"written": "490", "labels": ["1", "9", "0"], "shown": "190"}  # without a script, the digits stay
    with meanwhile(lambda: correct_number(prediction=number, by=alice, **form)):
        correct_number(prediction=number, by=alice, **form)
    assert stored_corrections(number) == [("correct", "490")]
    correct_number(prediction=number, by=alice, **form)  # a second click
    assert stored_corrections(number) == [("correct", "490")]


def test_changed_digits_count_beside_the_number_that_the_form_has_shown(number, alice):
    form = {"written": "190", "labels": ["1", "9", "6"], "shown": "190"}
    correct(prediction=number, by=alice, kind="correct", text="490")  # after the form was opened
    correct_number(prediction=number, by=alice, **form)
    assert current_correction(number).text == "196"


@pytest.mark.django_db(transaction=True)
def test_pictures_that_are_confirmed_together_wait_for_a_correction_of_one_of_them(number, alice):
    with meanwhile(lambda: correct_each([number], by=alice, kind="correct", written="191")):
        correct(prediction=number, by=alice, kind="correct", text="191")
    assert Correction.objects.count() == 1
