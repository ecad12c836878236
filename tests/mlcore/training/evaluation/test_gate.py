"""Tests of the gate: what an equal, a worse and a better candidate get, and the statistics behind it."""

from dataclasses import replace

import numpy as np
import pytest

from mlcore.training.evaluation.gate import (
    chance_of_less_fall,
    chance_of_less_loss,
    compare_outcomes,
    holm_rejects,
    lower_bound,
)
from mlcore.training.evaluation.limits import MAX_DIGIT_LOSS, MAX_HAND_LOSS
from mlcore.training.evaluation.outcomes import Outcomes

DIGITS, VIEWS = 5_000, 5
HANDS = ("flagged_one", "crossed_seven", "seven")


def outcomes(seed: int = 0, wrong: float = 0.005) -> Outcomes:
    """Return the outcomes of a model that misreads this share: some digits always, some in single views."""
    rng = np.random.default_rng(seed)
    labels = np.arange(DIGITS, dtype=np.uint8) % 10
    right = rng.random((VIEWS, DIGITS)) > wrong / 2
    right[:, np.random.default_rng(99).random(DIGITS) < wrong / 2] = False  # hard for every model
    return Outcomes(
        labels=labels,
        right=right,
        sure=right.copy(),
        sure_negatives=np.zeros(1_000, np.bool_),
        exact_numbers=rng.random(1_500) < 0.96,
        calibration_error=0.002,
        hands=HANDS,
        hand_probabilities=1 - rng.beta(0.2, 4, (len(HANDS), 400)),
    )


def failed(active: Outcomes, candidate: Outcomes) -> list[str]:
    return [check.name for check in compare_outcomes(active, candidate).checks if not check.passed]


def lose(model: Outcomes, share: float, digit: int | None = None) -> Outcomes:
    """Return the outcomes with every view of this share of the digits misread."""
    right = model.right.copy()
    places = np.flatnonzero(model.labels == digit) if digit is not None else np.arange(DIGITS)
    right[:, np.random.default_rng(5).choice(places, round(share * len(places)), replace=False)] = False
    return replace(model, right=right, sure=right.copy())


def test_the_same_model_and_an_equal_one_pass():
    assert failed(outcomes(), outcomes()) == []
    assert failed(outcomes(0), outcomes(1)) == []


def test_a_better_one_passes():
    assert failed(lose(outcomes(0), 0.01), outcomes(1)) == []


def test_a_candidate_that_reads_half_a_point_less_fails():
    assert "digits_right" in failed(outcomes(), lose(outcomes(1), 0.005))


def test_one_lost_digit_fails_though_the_mean_hardly_moves():
    candidate = lose(outcomes(), 0.03, digit=7)
    assert (outcomes().right.mean() - candidate.right.mean()) < 0.004
    assert "digit_7" in failed(outcomes(), candidate)
    assert "digit_1" not in failed(outcomes(), candidate)


def test_confident_errors_accepted_letters_and_numbers_count():
    model = outcomes()
    sure_of_all = replace(model, sure=np.ones_like(model.right))
    assert failed(model, sure_of_all) == ["sure_but_wrong"]
    accepts_letters = replace(model, sure_negatives=np.arange(1_000) < 50)
    assert failed(model, accepts_letters) == ["sure_negatives"]
    assert failed(model, replace(model, calibration_error=0.02)) == ["calibration_error"]
    assert failed(model, replace(model, exact_numbers=model.exact_numbers & (np.arange(1_500) % 30 > 0))) == [
        "numbers_exact"
    ]
    assert "numbers_exact" in failed(model, replace(model, exact_numbers=np.zeros(0, np.bool_)))


def lose_hand(model: Outcomes, share: float) -> Outcomes:
    """Return the outcomes with that much less of the probability of crossed 7s."""
    probabilities = model.hand_probabilities.copy()
    probabilities[HANDS.index("crossed_seven")] *= 1 - share
    return replace(model, hand_probabilities=probabilities)


def test_one_lost_style_fails_and_is_named():
    assert failed(outcomes(), lose_hand(outcomes(), 0.03)) == []
    assert failed(outcomes(), lose_hand(outcomes(), 0.08)) == ["hands", "hand_crossed_seven"]
    assert failed(lose_hand(outcomes(), 0.08), outcomes()) == []
    result = compare_outcomes(outcomes(), lose_hand(outcomes(), 0.08))
    lost = next(check for check in result.checks if check.name == "hand_crossed_seven")
    assert lost.candidate == pytest.approx(0.92 * lost.active)


def test_a_style_that_falls_as_much_as_allowed_fails_seldom():
    rng = np.random.default_rng(4)
    at_limit = rng.normal(-MAX_HAND_LOSS, 0.1, (1_000, 400))
    rejected = np.mean([chance_of_less_fall(gains, MAX_HAND_LOSS) <= 0.05 for gains in at_limit])
    assert rejected == pytest.approx(0.05, abs=0.02)
    assert chance_of_less_fall(np.zeros(400), MAX_HAND_LOSS) == 1
    assert chance_of_less_fall(np.full(400, -0.1), MAX_HAND_LOSS) == 0
    assert chance_of_less_fall(rng.normal(-0.12, 0.1, 400), MAX_HAND_LOSS) < 1e-6


def test_a_fault_that_the_active_model_has_as_well_is_no_reason_to_refuse():
    active = replace(outcomes(), sure_negatives=np.arange(1_000) < 50)
    assert failed(active, active) == []


def test_without_a_line_network_numbers_are_not_compared():
    digits_only = replace(outcomes(), exact_numbers=np.zeros(0, np.bool_))
    names = [check.name for check in compare_outcomes(digits_only, outcomes(1)).checks]
    assert "numbers_exact" not in names


def test_views_of_one_digit_do_not_count_as_independent():
    """Ten copies of each outcome must not narrow the bound."""
    rng = np.random.default_rng(3)
    once = rng.choice([-1.0, 0.0, 1.0], p=[0.02, 0.96, 0.02], size=2_000)
    assert lower_bound(once, 0.05) == pytest.approx(once.mean() - 1.645 * once.std() / np.sqrt(2_000), abs=4e-4)


@pytest.mark.parametrize("views", [1, 11])
@pytest.mark.parametrize("churn", [0.0, 0.005, 0.02])
def test_a_digit_that_loses_as_much_as_allowed_fails_seldom(churn: float, views: int):
    """Beside the loss, this share of the 500 digits is gained and as much lost."""
    rng = np.random.default_rng(4)
    drawn = rng.random((500, views, 500))
    gains = (drawn < churn).mean(axis=1) - (drawn > 1 - churn - MAX_DIGIT_LOSS).mean(axis=1)
    rejected = np.mean([chance_of_less_loss(each, MAX_DIGIT_LOSS) <= 0.05 for each in gains])
    assert rejected <= 0.06


def test_the_p_value_is_small_only_beyond_the_allowed_loss():
    rng = np.random.default_rng(4)
    assert chance_of_less_loss(-(rng.random(500) < 0.05).astype(float), MAX_DIGIT_LOSS) < 0.01
    assert chance_of_less_loss(np.zeros(500), MAX_DIGIT_LOSS) > 0.9


def test_holm_rejects_in_order_and_stops_at_the_first_that_holds():
    assert holm_rejects([0.01, 0.04, 0.03], 0.05) == [True, False, False]
    assert holm_rejects([0.001, 0.02, 0.01], 0.05) == [True, True, True]
    assert holm_rejects([0.2, 0.9], 0.05) == [False, False]
