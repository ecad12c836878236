"""Tests of the digits that a training may learn from, and of those that are held back."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from recognizer.models import Audit, Prediction, Stream
from recognizer.services.history.corrections import correct, undo
from recognizer.services.learning.consent import choose_training_consent, lock_training_consent
from recognizer.services.learning.selection import (
    ReviewedDigit,
    count_reviewed_pictures,
    limit_shares,
    reviewed_digits_of,
    select_digits,
)
from recognizer.services.learning.sides import is_held_back, place_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def consent(alice) -> None:
    choose_training_consent(alice, is_given=True)


def select():
    return select_digits(timezone.now())


def total(selection) -> int:
    """Return the number of reviewed digits."""
    return len(selection.learnt) + int(selection.held_back.reviewed.sum())


def reviewed_labels(selection) -> list[int]:
    held_back = selection.held_back
    return [*selection.learnt.labels, *held_back.digits.labels[held_back.reviewed]]


def test_answers_that_nobody_reviewed_are_never_used(add_prediction, alice, consent):
    reviewed, _unreviewed = add_prediction("12"), add_prediction("34")
    correct(prediction=reviewed, by=alice, kind="confirm")
    selection = select()
    assert total(selection) == 2
    assert sorted(reviewed_labels(selection)) == [1, 2]


def test_what_is_no_digit_is_learnt_as_such(add_prediction, alice, consent):
    correct(prediction=add_prediction("7"), by=alice, kind="not_a_digit")
    selection = select()
    assert reviewed_labels(selection) == [10]


def test_pictures_without_consent_are_left_out_from_the_moment_it_is_withdrawn(add_prediction, alice, bob, consent):
    correct(prediction=add_prediction("12"), by=alice, kind="confirm")
    correct(prediction=add_prediction("345", owner=bob), by=bob, kind="confirm")
    assert total(select()) == 2
    assert count_reviewed_pictures() == (1, 1)
    choose_training_consent(bob, is_given=True)
    assert total(select()) == 5
    assert count_reviewed_pictures() == (2, 2)
    choose_training_consent(alice, is_given=False)
    assert total(select()) == 3
    choose_training_consent(bob, is_given=False)
    assert total(select()) == 0
    assert count_reviewed_pictures() == (0, 0)


def test_a_selection_knows_whose_consent_it_needs(add_prediction, alice, bob, consent):
    choose_training_consent(bob, is_given=True)
    correct(prediction=add_prediction("12"), by=alice, kind="confirm")
    assert select().people == {alice.pk}
    correct(prediction=add_prediction("345", owner=bob), by=bob, kind="confirm")
    people = select().people
    assert people == {alice.pk, bob.pk}
    assert lock_training_consent(people)
    choose_training_consent(bob, is_given=False)
    assert not lock_training_consent(people)
    assert lock_training_consent({alice.pk})
    alice.is_active = False
    alice.save()
    assert not lock_training_consent({alice.pk})


def test_deleted_pictures_and_withdrawn_corrections_leave_both_sides(add_prediction, alice, consent):
    deleted, undone = add_prediction("12"), add_prediction("3")
    for prediction in (deleted, undone):
        correct(prediction=prediction, by=alice, kind="confirm")
    undo(prediction=undone, by=alice)
    deleted.upload.deleted_at = timezone.now()
    deleted.upload.save()
    assert total(select()) == 0


def test_pictures_whose_corrections_were_undone_do_not_count_as_reviewed(add_prediction, alice, consent):
    undone, changed, kept = add_prediction("1"), add_prediction("2"), add_prediction("3")
    for prediction in (undone, changed, kept):
        correct(prediction=prediction, by=alice, kind="confirm")
    assert count_reviewed_pictures() == (3, 1)
    undo(prediction=undone, by=alice)
    correct(prediction=changed, by=alice, kind="correct", text="7")
    assert count_reviewed_pictures() == (2, 1)
    undo(prediction=changed, by=alice)  # the confirmation counts again
    assert count_reviewed_pictures() == (2, 1)
    undo(prediction=kept, by=alice)
    assert count_reviewed_pictures() == (1, 1)


def test_a_resumed_training_gets_the_corrections_of_its_beginning(add_prediction, alice, consent):
    prediction = add_prediction("7")
    correct(prediction=prediction, by=alice, kind="confirm")
    began_at = timezone.now()
    correct(prediction=prediction, by=alice, kind="correct", text="1")
    correct(prediction=add_prediction("5"), by=alice, kind="confirm")
    assert [digit.label for digit in reviewed_digits_of(alice, began_at)] == [7]
    assert sorted(digit.label for digit in reviewed_digits_of(alice)) == [1, 5]
    assert total(select_digits(began_at - timedelta(days=1))) == 0


def test_an_audited_picture_is_always_held_back_and_counts_by_its_probability(add_prediction, alice, consent, model):
    prediction = add_prediction("7")
    audit(prediction, is_right=True)
    correct(prediction=prediction, by=alice, kind="confirm")
    (digit,) = reviewed_digits_of(alice)
    assert digit.is_held_back
    assert digit.audited == pytest.approx(20)


def test_held_back_pictures_that_nobody_reviewed_are_compared_and_not_learnt(add_prediction, alice, bob, consent):
    given = [add_prediction("12") for _ in range(40)]
    add_prediction("12", owner=bob)  # without consent
    deleted = given.pop()
    deleted.upload.deleted_at = timezone.now()
    deleted.upload.save()
    reviewed = given[0]
    correct(prediction=reviewed, by=alice, kind="confirm")
    kept = [each for each in given[1:] if is_held_back(each.upload_id)]
    selection = select()
    unreviewed = ~selection.held_back.reviewed
    assert int(unreviewed.sum()) == 2 * len(kept) > 0
    assert len(set(selection.held_back.pictures[unreviewed])) == len(kept)
    assert selection.counts.digits + selection.counts.held_back_digits == 2
    assert total(select_digits(timezone.now() - timedelta(days=1))) == 0


def test_what_people_review_does_not_decide_which_pictures_are_compared(add_prediction, alice, consent, monkeypatch):
    """Else the corrected ones among the rest would count, and the unreviewed losses there would not."""
    monkeypatch.setattr("recognizer.services.learning.compared_pictures.MAX_PICTURES", 3)
    given = sorted((add_prediction("7") for _ in range(40)), key=lambda each: place_of(each.upload_id))
    kept = [each for each in given if is_held_back(each.upload_id)]
    assert len(kept) > 4
    correct(prediction=kept[0], by=alice, kind="confirm")
    for outside in kept[3:]:
        correct(prediction=outside, by=alice, kind="correct", text="1")
    selection = select()
    assert list(selection.held_back.reviewed) == [True, False, False]
    assert not selection.held_back.corrected.any()
    assert (selection.counts.held_back_digits, selection.counts.held_back_pictures) == (1, 1)
    assert selection.counts.digits == 0


def test_an_audited_picture_that_nobody_reviewed_is_compared_on_either_side(add_prediction, alice, consent, model):
    prediction = add_prediction("7")
    while is_held_back(prediction.upload_id):
        prediction = add_prediction("7")
    audit(prediction, is_right=None)
    held_back = select().held_back
    assert 20 in held_back.audited
    correct(prediction=prediction, by=alice, kind="confirm")
    held_back = select().held_back
    assert list(held_back.audited[held_back.reviewed]) == [20]
    assert held_back.audited.sum() == 20


def audit(prediction: Prediction, *, is_right: bool | None) -> None:
    """Let the prediction be one of 20 that are audited."""
    owner, model = prediction.owner, prediction.model
    stream = Stream.objects.create(owner=owner, model=model, mode="auto", is_expected=False, key="k", share=0.05)
    Audit.objects.create(
        prediction=prediction,
        owner=owner,
        stream=stream,
        month=timezone.now().date().replace(day=1),
        probability=0.05,
        confidence=0.9,
        was_sure=True,
        is_right=is_right,
    )


def test_three_in_ten_pictures_are_held_back_and_stay_so():
    keys = [UUID(int=number) for number in range(2_000)]
    held_back = [is_held_back(key) for key in keys]
    assert 0.27 < sum(held_back) / len(keys) < 0.33
    assert held_back == [is_held_back(key) for key in keys]


def digits_of(numbers: list[int]) -> list[ReviewedDigit]:
    return [
        ReviewedDigit(owner, uuid4(), 1, 7, b"", True, 0.0, False)
        for owner, number in enumerate(numbers)
        for _ in range(number)
    ]


def test_one_person_gives_at_most_a_quarter_where_four_or_more_give():
    digits = limit_shares(digits_of([1000, 100, 100, 100, 100]), 0.25)
    assert [sum(digit.owner_id == owner for digit in digits) for owner in range(5)] == [133, 100, 100, 100, 100]


def test_the_same_digits_are_kept_each_time():
    digits = digits_of([100, 25, 25, 25])
    assert len(limit_shares(digits, 0.25)) == 100
    assert limit_shares(digits, 0.25) == limit_shares(digits, 0.25)
