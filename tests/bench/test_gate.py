"""Tests of the resampled outcomes on which the gate's probabilities are counted."""

import numpy as np
import pytest

from bench.gate import Pair, resample_as_is, resample_shifted, tilted_shares
from mlcore.training.evaluation.outcomes import Outcomes

DIGITS = 2_000


def make_outcomes(seed: int, wrong: float) -> Outcomes:
    rng = np.random.default_rng(seed)
    right = rng.random((3, DIGITS)) > wrong
    return Outcomes(
        labels=np.arange(DIGITS, dtype=np.uint8) % 10,
        right=right,
        sure=right.copy(),
        sure_negatives=np.zeros(50, np.bool_),
        exact_numbers=rng.random(400) > wrong,
        calibration_error=0.002,
        hands=("bare_one", "crossed_seven"),
        hand_probabilities=rng.random((2, 300)) - wrong,
    )


@pytest.fixture(scope="module")
def pair() -> Pair:
    """Return the outcomes of an active model, and of a candidate that is better by two points."""
    return Pair(make_outcomes(1, 0.03), make_outcomes(2, 0.01))


def mean_gain(pair: Pair, gain: float) -> float:
    rng = np.random.default_rng(3)
    return float(np.mean([resample_shifted(pair, gain, rng).gain for _ in range(60)]))


def test_resamples_as_it_is_keep_the_gain(pair: Pair):
    rng = np.random.default_rng(3)
    gains = [resample_as_is(pair, rng).gain for _ in range(60)]
    assert np.mean(gains) == pytest.approx(pair.gain, abs=0.002)


@pytest.mark.parametrize("gain", [0.0, -0.003, 0.01])
def test_shifted_resamples_have_the_wanted_gain_and_as_many_pictures(pair: Pair, gain: float):
    assert mean_gain(pair, gain) == pytest.approx(gain, abs=0.001)
    drawn = resample_shifted(pair, gain, np.random.default_rng(4))
    assert drawn.active.right.shape == drawn.candidate.right.shape == (3, DIGITS)
    assert (len(drawn.active.sure_negatives), len(drawn.active.exact_numbers)) == (50, 400)
    assert drawn.active.hand_probabilities.shape == drawn.candidate.hand_probabilities.shape == (2, 300)


def test_no_style_gains_or_loses_where_both_models_are_exchanged(pair: Pair):
    rng = np.random.default_rng(6)
    drawn = [resample_shifted(pair, 0.01, rng) for _ in range(60)]
    gains = [each.candidate.hand_probabilities.mean() - each.active.hand_probabilities.mean() for each in drawn]
    assert np.mean(gains) == pytest.approx(0, abs=0.002)


def test_the_gate_passes_equal_resamples_more_often_than_worse_ones(pair: Pair):
    rng = np.random.default_rng(5)
    equal = [resample_shifted(pair, 0.0, rng).compare().checks[0].passed for _ in range(10)]
    worse = [resample_shifted(pair, -0.02, rng).compare().checks[0].passed for _ in range(10)]
    assert sum(equal) > sum(worse) == 0


def test_shares_are_equal_where_nothing_has_to_shift():
    gains = np.array([-1.0, 0.0, 1.0])
    assert tilted_shares(gains, 0.0) == pytest.approx([1 / 3] * 3)
    assert tilted_shares(gains, -0.5) @ gains == pytest.approx(-0.5)
