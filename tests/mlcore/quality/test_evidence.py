"""Bounds from audits: how often they are wrong at any look, and the figures that pages show."""

import math

import numpy as np
import pytest

from mlcore.quality.evidence import (
    FALSE_ALARM,
    FALSE_BREAK,
    FEWEST_FOR_BREAK,
    Outcome,
    errors_excused,
    errors_speaking,
    estimate_error,
    is_exceeded,
    needed_audits,
    upper_bound,
    wilson_interval,
)

LOOKS = 12_000


def share_ever_bounded_below(rate: float, looks: int) -> float:
    """Return the exact probability that answers with this error rate ever have a bound below it."""
    most = 150
    going = np.zeros(most)
    going[0] = 1.0
    first_look = {needed_audits(rate, wrong): wrong for wrong in range(most)}
    crossed, reached = 0.0, -1
    for audited in range(1, looks + 1):
        going[1:] = going[1:] * (1 - rate) + going[:-1] * rate
        going[0] *= 1 - rate
        reached = first_look.get(audited, reached)
        crossed += going[: reached + 1].sum()
        going[: reached + 1] = 0.0
    return crossed


@pytest.mark.parametrize("rate", [0.005, 0.01, 0.02, 0.1])
def test_the_bound_ever_falls_below_the_true_rate_in_less_than_5_percent(rate):
    share = share_ever_bounded_below(rate, LOOKS)
    assert 0.03 < share < FALSE_ALARM


def test_a_bound_needs_more_audits_than_at_a_single_look_but_not_many_more():
    at_one_look = math.log(0.05) / math.log(1 - 0.02)
    assert at_one_look < needed_audits(0.02) < 1.3 * at_one_look


def test_the_bound_is_the_rate_at_the_number_of_audits_that_it_needs():
    audits = needed_audits(0.01, wrong=3)
    assert upper_bound(audits, 3) <= 0.01 < upper_bound(audits - 1, 3)
    assert upper_bound(audits, 4) > 0.01


def test_nothing_is_known_without_audits():
    assert upper_bound(0, 0) == 1.0
    nothing = estimate_error([])
    assert (nothing.low, nothing.high) == (0.0, 1.0)


def test_the_bound_exists_for_any_number_of_wrong_answers():
    bounds = [upper_bound(100_000, wrong) for wrong in range(0, 5_000, 50)]
    assert bounds == sorted(bounds)
    assert all(bound > wrong / 100_000 for bound, wrong in zip(bounds, range(0, 5_000, 50), strict=True))


def test_one_wrong_answer_never_speaks_against_a_promise():
    assert not is_exceeded(0.01, 1, 1)
    assert is_exceeded(0.01, 5, 2)
    assert not is_exceeded(0.01, 100, 2)


@pytest.mark.parametrize("rate", [0.005, 0.02])
def test_a_rate_that_is_kept_counts_as_exceeded_in_less_than_5_percent(rate):
    rng = np.random.default_rng(5)
    broken = 0
    for _ in range(2_000):
        places = np.cumsum(rng.geometric(rate, 60))
        broken += any(
            is_exceeded(rate, int(place), wrong) for wrong, place in enumerate(places, 1) if wrong >= FEWEST_FOR_BREAK
        )
    assert broken / 2_000 < FALSE_BREAK + 0.01


def test_both_boundaries_rise_with_the_errors():
    for boundary in (errors_speaking, errors_excused):
        places = [boundary(wrong) for wrong in range(FEWEST_FOR_BREAK, 90)]
        assert places == sorted(places)
    assert all(errors_excused(wrong) < wrong < errors_speaking(wrong) for wrong in range(1, 90))


def test_each_audited_answer_stands_for_those_that_were_not_chosen():
    early = Outcome(is_right=True, probability=0.2, count=99)
    late = Outcome(is_right=False, probability=0.02)
    estimate = estimate_error([early, late])
    assert (estimate.audited, estimate.wrong) == (100, 1)
    assert estimate.rate == pytest.approx(50 / (99 * 5 + 50))
    assert estimate.low < estimate.rate < estimate.high
    assert estimate.bound is None  # upper_bound(100, 1) is 6.2 %, and the rate 9.2 %


def test_answers_that_were_chosen_with_one_probability_have_a_bound():
    estimate = estimate_error([Outcome(is_right=True, probability=0.2, count=99), Outcome(False, 0.2)])
    assert estimate.bound == upper_bound(100, 1) > estimate.rate


def test_wilson_intervals_agree_with_a_published_example():
    # Brown, Cai and DasGupta, Interval Estimation for a Binomial Proportion: 95 %, n = 10, x = 0 gives 0 to 0.278.
    low, high = wilson_interval(0.0, 10)
    assert low == 0.0
    assert high == pytest.approx(0.278, abs=0.001)
    assert wilson_interval(0.997, 10_000) == pytest.approx((0.99572, 0.99790), abs=1e-5)
    assert wilson_interval(1.0, 10)[1] == pytest.approx(1.0)
