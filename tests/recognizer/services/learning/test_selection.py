"""Tests of the digits that a training may learn from, and of those that are held back."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from recognizer.models import Audit, Stream
from recognizer.services.history.corrections import correct, undo
from recognizer.services.learning.consent import choose_training_consent, lock_training_consent
from recognizer.services.learning.selection import (
    ReviewedDigit,
    count_reviewed_pictures,
    is_held_back,
    largest_limit,
    limit_shares,
    reviewed_digits_of,
    select_digits,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def consent(alice) -> None:
    choose_training_consent(alice, is_given=True)


def select():
    return select_digits(timezone.now())


def total(selection) -> int:
    return len(selection.learnt) + len(selection.held_back.digits)


def test_answers_that_nobody_reviewed_are_never_used(add_prediction, alice, consent):
    reviewed, _unreviewed = add_prediction("12"), add_prediction("34")
    correct(prediction=reviewed, by=alice, kind="confirm")
    selection = select()
    assert total(selection) == 2
    assert sorted([*selection.learnt.labels, *selection.held_back.digits.labels]) == [1, 2]


def test_what_is_no_digit_is_learnt_as_such(add_prediction, alice, consent):
    correct(prediction=add_prediction("7"), by=alice, kind="not_a_digit")
    selection = select()
    assert [*selection.learnt.labels, *selection.held_back.digits.labels] == [10]


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
    stream = Stream.objects.create(owner=alice, model=model, mode="auto", is_expected=False, key="k", share=0.02)
    now = timezone.now()
    Audit.objects.create(
        prediction=prediction,
        owner=alice,
        stream=stream,
        month=now.date().replace(day=1),
        probability=0.02,
        confidence=0.9,
        was_sure=True,
        is_right=True,
    )
    correct(prediction=prediction, by=alice, kind="confirm")
    (digit,) = reviewed_digits_of(alice)
    assert digit.is_held_back
    assert digit.weight == pytest.approx(50)


def test_three_in_ten_pictures_are_held_back_and_stay_so():
    keys = [UUID(int=number) for number in range(2_000)]
    held_back = [is_held_back(key) for key in keys]
    assert 0.27 < sum(held_back) / len(keys) < 0.33
    assert held_back == [is_held_back(key) for key in keys]


def digits_of(numbers: list[int]) -> list[ReviewedDigit]:
    return [
        ReviewedDigit(owner, uuid4(), 1, 7, b"", True, 1.0, False)
        for owner, number in enumerate(numbers)
        for _ in range(number)
    ]


@pytest.mark.parametrize(
    ("numbers", "kept"),
    [
        ([1000, 10, 10], [1000, 10, 10]),  # below four people nobody is limited
        ([1000, 10, 10, 10], [10, 10, 10, 10]),
        ([1000, 100, 100, 100, 100], [133, 100, 100, 100, 100]),
        ([50, 50, 50, 50, 50], [50, 50, 50, 50, 50]),
        ([1, 1, 1, 500], [1, 1, 1, 1]),
    ],
)
def test_one_person_gives_at_most_a_quarter_where_four_or_more_give(numbers, kept):
    digits = limit_shares(digits_of(numbers), 0.25)
    assert [sum(digit.owner_id == owner for digit in digits) for owner in range(len(numbers))] == kept


def test_the_limit_is_at_least_one_digit():
    assert largest_limit([5, 1, 1, 1], 0.01) == 1


def test_the_same_digits_are_kept_each_time():
    digits = digits_of([100, 5, 5, 5])
    assert limit_shares(digits, 0.25) == limit_shares(digits, 0.25)
