"""Tests of the numbers that a training may teach the line network."""

from datetime import timedelta

import pytest
from django.utils import timezone

from recognizer.models import Audit, Stream
from recognizer.services.history.corrections import correct, undo
from recognizer.services.learning.consent import choose_training_consent
from recognizer.services.learning.reviewed_numbers import FEWEST_CORRECTED, open_pictures, reviewed_numbers_of
from recognizer.services.learning.selection import select_digits, select_numbers

pytestmark = pytest.mark.django_db


@pytest.fixture
def consent(alice) -> None:
    choose_training_consent(alice, is_given=True)


def numbers_of(person) -> list[str]:
    return sorted(number.written for number in reviewed_numbers_of(person, timezone.now()))


def select() -> list[str]:
    return sorted(number.written for side in select_numbers(timezone.now()) for number in side)


def correct_numbers(add_prediction, person, count: int) -> None:
    for number in range(count):
        correct(prediction=add_prediction("41", owner=person), by=person, kind="correct", text=str(100 + number))


def test_confirmed_and_corrected_numbers_count(add_prediction, alice):
    confirmed, corrected, _unreviewed = (add_prediction(text) for text in ("12", "34", "56"))
    correct(prediction=confirmed, by=alice, kind="confirm")
    correct(prediction=corrected, by=alice, kind="correct", written="3.4")
    assert numbers_of(alice) == ["12", "3.4"]
    assert [number.is_corrected for number in reviewed_numbers_of(alice, timezone.now())] == [True, False]


def test_what_is_no_number_is_left_out(add_prediction, alice):
    digit, nothing, undone = add_prediction("7"), add_prediction("12"), add_prediction("34")
    correct(prediction=digit, by=alice, kind="confirm")
    correct(prediction=nothing, by=alice, kind="not_a_digit")
    correct(prediction=undone, by=alice, kind="confirm")
    undo(prediction=undone, by=alice)
    read_as_digit = add_prediction("56")
    type(read_as_digit).objects.filter(pk=read_as_digit.pk).update(mode="digit")
    correct(prediction=read_as_digit, by=alice, kind="confirm")
    assert numbers_of(alice) == []


@pytest.mark.parametrize(("text", "kept"), [("1250", []), ("135", ["1,35"])])
def test_a_number_whose_signs_are_unknown_is_left_out(add_prediction, alice, text, kept):
    prediction = add_prediction("125")
    type(prediction).objects.filter(pk=prediction.pk).update(signed_text="1,25")
    prediction.refresh_from_db()
    correct(prediction=prediction, by=alice, kind="correct", text=text)
    assert numbers_of(alice) == kept


def test_a_resumed_training_gets_the_numbers_of_its_beginning(add_prediction, alice):
    correct(prediction=add_prediction("12"), by=alice, kind="confirm")
    began_at = timezone.now()
    correct(prediction=add_prediction("34"), by=alice, kind="confirm")
    assert [number.written for number in reviewed_numbers_of(alice, began_at)] == ["12"]
    assert list(reviewed_numbers_of(alice, began_at - timedelta(days=1))) == []


def test_numbers_are_learnt_where_some_were_corrected(add_prediction, alice, consent, monkeypatch):
    monkeypatch.setattr("recognizer.services.learning.sides.HELD_BACK", 0.0)
    correct(prediction=add_prediction("12"), by=alice, kind="confirm")
    correct_numbers(add_prediction, alice, FEWEST_CORRECTED - 1)
    assert select() == []
    correct_numbers(add_prediction, alice, 1)
    assert len(select()) == FEWEST_CORRECTED + 1


def test_withdrawn_consent_leaves_numbers_out(add_prediction, alice, bob, consent):
    correct_numbers(add_prediction, alice, 20)
    correct_numbers(add_prediction, bob, 20)
    selection = select_digits(timezone.now())
    assert len(selection.numbers) + len(selection.held_back_numbers) == 20
    assert (selection.counts.numbers, selection.counts.held_back_numbers) == (
        len(selection.numbers),
        len(selection.held_back_numbers),
    )
    # No box is known for a number of another length, so these people give numbers alone.
    assert (selection.counts.digits, selection.people) == (0, {alice.pk})
    choose_training_consent(alice, is_given=False)
    assert select() == []


def test_an_audited_number_is_held_back(add_prediction, alice, consent, model, monkeypatch):
    monkeypatch.setattr("recognizer.services.learning.sides.HELD_BACK", 0.0)
    correct_numbers(add_prediction, alice, FEWEST_CORRECTED)
    audited = add_prediction("98")
    stream = Stream.objects.create(owner=alice, model=model, mode="auto", is_expected=False, key="k", share=0.02)
    Audit.objects.create(
        prediction=audited,
        owner=alice,
        stream=stream,
        month=timezone.now().date().replace(day=1),
        probability=0.02,
        confidence=0.9,
        was_sure=True,
        is_right=True,
    )
    correct(prediction=audited, by=alice, kind="confirm")
    learnt, held_back = select_numbers(timezone.now())
    assert len(learnt) == FEWEST_CORRECTED
    assert [number.written for number in held_back] == ["98"]


def test_a_training_takes_no_more_numbers_than_it_has_time_for(add_prediction, alice, consent, monkeypatch):
    monkeypatch.setattr("recognizer.services.learning.selection.MAX_LEARNT", 3)
    correct_numbers(add_prediction, alice, 20)
    first, again = select_numbers(timezone.now()), select_numbers(timezone.now())
    assert len(first[0]) == 3
    assert first == again


def test_pictures_that_were_deleted_meanwhile_are_left_out(add_prediction, alice):
    kept, deleted, lost = (add_prediction(text) for text in ("12", "34", "56"))
    for prediction in (kept, deleted, lost):
        correct(prediction=prediction, by=alice, kind="confirm")
    numbers = list(reviewed_numbers_of(alice, timezone.now()))
    deleted.upload.deleted_at = timezone.now()
    deleted.upload.save()
    lost.upload.original.storage.delete(lost.upload.original.name)
    (picture,) = open_pictures(numbers)
    assert (picture.written, picture.mode, len(picture.boxes)) == ("12", "auto", 2)
    with kept.upload.original.open("rb") as file:
        assert picture.data == file.read()
