"""Promises: the order of thresholds, how a promise is made and broken, and what it costs."""

import numpy as np
import pytest

from mlcore.quality.evidence import needed_audits
from mlcore.quality.promise import FIRST_AUDITS, SHARE_AFTER, SHARE_BEFORE, THRESHOLDS, Promise


def add_right(promise: Promise, confidence: float, count: int) -> None:
    for _ in range(count):
        promise.add(confidence, is_right=True)


def test_a_promise_is_made_with_the_audit_that_completes_the_evidence():
    promise = Promise(0.02)
    add_right(promise, 0.999, needed_audits(0.02) - 1)
    assert promise.threshold is None
    assert promise.share == SHARE_BEFORE
    promise.add(0.999, is_right=True)
    assert promise.threshold == THRESHOLDS[-1]  # all answers that reach the lenient ones reach the strict ones
    assert promise.share == SHARE_AFTER


def test_a_lenient_threshold_waits_for_all_stricter_ones():
    promise = Promise(0.02)
    for place in range(300):
        promise.add(0.999, is_right=place % 20 != 0)
        add_right(promise, 0.55, 1)
    add_right(promise, 0.55, 20_000)
    assert promise.bound(len(THRESHOLDS) - 1) < 0.02
    assert promise.promised is None


def test_a_threshold_stays_strict_where_less_confident_answers_are_wrong():
    promise = Promise(0.02)
    for _ in range(400):
        promise.add(0.999, is_right=True)
        promise.add(0.96, is_right=True)
        promise.add(0.82, is_right=False)
    assert promise.threshold == 0.85


def test_the_order_begins_at_a_threshold_that_enough_answers_reach():
    promise = Promise(0.02)
    add_right(promise, 0.94, FIRST_AUDITS)
    assert THRESHOLDS[promise.first or 0] == 0.93
    add_right(promise, 0.94, needed_audits(0.02) - FIRST_AUDITS)
    assert promise.promised is not None


def promised(wish: float = 0.02) -> Promise:
    promise = Promise(wish)
    add_right(promise, 0.999, needed_audits(wish))
    assert promise.threshold == THRESHOLDS[-1]
    return promise


def test_a_promise_names_the_audits_that_prove_it():
    promise = promised()
    add_right(promise, 0.3, 10)  # below every threshold
    evidence = promise.promised_evidence
    assert evidence is not None
    assert (evidence.threshold, evidence.audited, evidence.wrong) == (0.5, needed_audits(0.02), 0)
    assert evidence.bound <= 0.02
    assert Promise(0.02).promised_evidence is None


def test_errors_in_quick_succession_break_a_promise_and_raise_the_threshold():
    promise = promised()
    promise.add(0.97, is_right=False)
    assert promise.breaks == 0
    promise.add(0.97, is_right=False)
    assert promise.breaks == 1
    assert promise.promised is None
    assert promise.threshold == 0.98
    assert promise.share == SHARE_BEFORE


def test_rare_errors_do_not_break_a_promise():
    promise = promised()
    for _ in range(20):
        add_right(promise, 0.999, 120)
        promise.add(0.97, is_right=False)
    assert promise.breaks == 0


def test_a_broken_promise_can_be_made_again_by_new_audits_alone():
    promise = promised()
    promise.add(0.97, is_right=False)
    promise.add(0.97, is_right=False)
    add_right(promise, 0.999, needed_audits(0.02) - 1)
    assert promise.promised is None
    promise.add(0.999, is_right=True)
    assert promise.promised is not None
    assert promise.breaks == 1


def test_the_cost_before_any_audit_is_that_of_audits_that_are_all_right():
    assert Promise(0.005).audits_left == needed_audits(0.005)


def test_the_cost_falls_with_each_right_answer_and_rises_with_a_wrong_one():
    promise = Promise(0.01)
    add_right(promise, 0.999, 100)
    before = promise.audits_left
    assert before == needed_audits(0.01) - 100
    promise.add(0.999, is_right=False)
    after = promise.audits_left
    assert after is None or after > before


def test_no_end_is_in_sight_where_too_many_answers_are_wrong():
    promise = Promise(0.005)
    for _ in range(20):
        promise.add(0.999, is_right=False)
        add_right(promise, 0.999, 20)
    assert promise.audits_left is None


def test_fewer_answers_are_audited_where_many_errors_were_found():
    promise = Promise(0.02)
    for _ in range(100):
        promise.add(0.999, is_right=False)
        add_right(promise, 0.999, 9)
    assert promise.share == SHARE_AFTER


def test_fewer_answers_are_audited_where_many_audits_led_to_no_promise():
    """450 audits hold nine errors at the rate of the target. The true rate is lower, but not by much."""
    promise = Promise(0.02)
    while promise.audited < 449:
        promise.add(0.999, is_right=promise.audited % 70 != 69)
    assert (promise.promised, promise.share) == (None, SHARE_BEFORE)
    promise.add(0.999, is_right=True)
    assert (promise.promised, promise.share) == (None, SHARE_AFTER)


@pytest.mark.parametrize("place", range(len(THRESHOLDS)))
def test_an_answer_reaches_its_own_threshold(place):
    promise = Promise(0.02)
    promise.add(THRESHOLDS[place], is_right=True)
    assert promise.evidence.audited == [0] * place + [1] * (len(THRESHOLDS) - place)


@pytest.mark.parametrize(("wish", "error"), [(0.02, 0.0), (0.02, 0.005), (0.02, 0.01), (0.02, 0.2), (0.01, 0.002)])
def test_right_answers_that_are_counted_at_once_lead_to_the_same_promise(wish, error):
    rng = np.random.default_rng([int(1000 * wish), int(1000 * error)])
    confidences = np.where(rng.random(6_000) < 0.7, 0.999, rng.uniform(0.4, 1.0, 6_000))
    is_right = rng.random(6_000) >= np.where(np.arange(6_000) < 4_000, error, 5 * error)
    is_right[FIRST_AUDITS + 20] = error == 0  # later answers, which come in runs, must make up for it
    one_by_one, in_runs = Promise(wish), Promise(wish)
    start = 0
    for place in [*np.flatnonzero(~is_right).tolist(), len(confidences)]:
        in_runs.add_right(confidences[start:place])
        for confidence in confidences[start:place].tolist():
            one_by_one.add(confidence, is_right=True)
        assert in_runs == one_by_one
        if place < len(confidences):
            for promise in (in_runs, one_by_one):
                promise.add(float(confidences[place]), is_right=False)
        start = place + 1
    assert one_by_one.breaks or one_by_one.promised is not None or error == 0.2
