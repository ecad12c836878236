"""Audits and what a broken promise puts into the review, in the review's queue."""

import pytest

from mlcore.quality.evidence import needed_audits
from recognizer.models import Audit, Stream
from recognizer.problems import Problem
from recognizer.queries import selectors
from recognizer.services.history.corrections import correct
from recognizer.services.quality.promises import (
    review_since_last_good,
    update_promises,
)
from recognizer.services.review.review_queue import QueueCounts, count_to_review, look_ahead, next_to_review
from tests.recognizer.services.quality.conftest import add_checked

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("audit_all")]


def test_what_was_sure_since_the_last_good_audit_goes_into_review(promised, alice, store_answer):
    before = store_answer("11", confidence=0.999)
    Audit.objects.filter(prediction=before).delete()
    add_checked(promised, [(0.999, True)])
    since = store_answer("22", confidence=0.96)
    Audit.objects.filter(prediction=since).delete()
    assert next_to_review(alice, skipped=[], includes_sure=False) is None
    add_checked(promised, [(0.96, False), (0.96, False)])
    update_promises([promised.pk])
    promised.refresh_from_db()
    after = store_answer("33", confidence=0.999)
    Audit.objects.filter(prediction=after).delete()
    review_since_last_good(promised)
    assert next_to_review(alice, skipped=[], includes_sure=False) == since
    assert count_to_review(alice, since, 100) == QueueCounts(unsure=0, chosen=0, put_back=1)
    correct(prediction=since, by=alice, kind="confirm")
    assert next_to_review(alice, skipped=[], includes_sure=False) is None


def test_a_second_broken_promise_leaves_what_is_left_of_the_first_in_review(promised, alice, store_answer):
    left = []
    for number in (1, 2):
        answer = store_answer(f"{number}2", confidence=0.999)
        Audit.objects.filter(prediction=answer).delete()
        add_checked(promised, [(0.96, False), (0.96, False)])
        update_promises([promised.pk])
        promised.refresh_from_db()
        assert promised.breaks == number
        review_since_last_good(promised)
        review_since_last_good(promised)  # a second click
        left.append(answer)
        if number == 1:
            add_checked(promised, [(0.999, True)] * needed_audits(0.02))
            update_promises([promised.pk])
            between = store_answer("77", confidence=0.999)
            Audit.objects.filter(prediction=between).delete()
            add_checked(promised, [(0.999, True)])
    promised.refresh_from_db()
    assert len(promised.reviews) == 2
    ahead = look_ahead(alice, skipped=[], includes_sure=False, count=9)
    assert ahead == left
    assert between not in ahead


def test_nothing_goes_into_review_while_a_promise_holds(promised):
    with pytest.raises(Problem):
        review_since_last_good(promised)


def test_audits_stand_among_unsure_answers_in_the_order_of_their_choice(audited, alice, store_answer):
    unsure = [store_answer("7", decision="unsure", confidence=0.3, reason="unread_ink") for _ in range(5)]
    shown = []
    ahead = look_ahead(alice, skipped=[], includes_sure=False, count=99)
    while (head := next_to_review(alice, skipped=[], includes_sure=False)) is not None:
        assert next_to_review(alice, skipped=[], includes_sure=False) == head  # a reload shows the same
        assert ahead[len(shown)] == head  # and the strip of what comes next has announced it
        shown.append(head)
        correct(prediction=head, by=alice, kind="confirm")
    assert set(shown) == {*audited, *unsure}
    assert [each for each in shown if each in audited] == audited


def test_skipped_audits_are_left_out(audited, alice):
    skipped = [prediction.upload_id for prediction in audited]
    assert next_to_review(alice, skipped=skipped[:1], includes_sure=False) == audited[1]
    assert next_to_review(alice, skipped=skipped, includes_sure=False) is None


def test_audits_of_a_replaced_model_are_not_asked_for(audited, alice, model):
    other = type(model).objects.create(version="other", digest="0" * 64, card=model.card)
    Stream.objects.update(model=other)
    assert not selectors.audits_to_review_for(alice).exists()


def test_nobody_else_sees_audits(audited, bob):
    assert next_to_review(bob, skipped=[], includes_sure=True) is None
    assert not selectors.audits_for(bob).exists()
    assert not selectors.streams_for(bob).exists()
