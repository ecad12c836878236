import numpy as np
import pytest

from mlcore.reading.answers.decide import CONFIDENCE_FEATURES, PREFIX
from mlcore.training.evaluation.calibrate import (
    NEGATIVE_RISK,
    NUMBER_RISK,
    fit_digit_thresholds,
    fit_logistic,
    fit_number_thresholds,
    lowest_safe_threshold,
)


def test_the_lowest_safe_threshold_keeps_the_risk():
    confidence = np.linspace(0.01, 1, 100)
    right = confidence > 0.3
    right[-1] = False  # the most confident answer is wrong
    threshold = lowest_safe_threshold(confidence, right, 0.02)
    sure = confidence >= threshold
    assert (~right[sure]).mean() <= 0.02
    assert threshold == pytest.approx(0.31, abs=0.02)


def test_without_a_safe_threshold_nothing_is_read_as_sure():
    confidence, right = np.full(8, 1.0), np.arange(8) % 3 > 0
    everywhere = np.ones(8, np.bool_)
    none = np.concatenate([everywhere, ~everywhere])
    fitted = fit_digit_thresholds(np.append(confidence, np.zeros(8)), none * 1.0, np.append(right, ~everywhere), none)
    assert fitted["read"] > confidence.max()


def test_a_logistic_regression_recovers_its_weights():
    rng = np.random.default_rng(0)
    rows = np.concatenate([np.ones((20_000, 1)), rng.normal(size=(20_000, 2))], axis=1)
    true = np.array([0.5, 2.0, -1.0])
    right = rng.random(20_000) < 1 / (1 + np.exp(-rows @ true))
    assert fit_logistic(rows, right) == pytest.approx(true, abs=0.1)


def test_digit_thresholds_reject_few_digits_and_read_few_negatives():
    rng = np.random.default_rng(1)
    true = np.arange(3000) < 2000
    is_digit = np.where(true, rng.beta(30, 1, 3000), rng.beta(1, 4, 3000))
    fitted = fit_digit_thresholds(is_digit, is_digit, np.ones(3000, bool), true)
    assert (is_digit[true] < fitted["is_digit"]).mean() <= 0.005
    assert (is_digit[~true] >= fitted["read"]).mean() <= NEGATIVE_RISK + 0.002


def test_number_thresholds_keep_the_risk_on_their_own_data():
    rng = np.random.default_rng(2)
    rows = np.zeros((4000, len(CONFIDENCE_FEATURES)))
    rows[:, 0] = 1
    rows[:, 1] = rng.normal(2, 2, 4000)
    right = rng.random(4000) < 1 / (1 + np.exp(-2 * rows[:, 1]))
    fitted = fit_number_thresholds(rows, right)
    weights = np.array([fitted[PREFIX + name] for name in CONFIDENCE_FEATURES])
    confidence = 1 / (1 + np.exp(-rows @ weights))
    assert (~right[confidence >= fitted["number_read"]]).mean() <= NUMBER_RISK + 0.001
    assert abs(confidence.mean() - right.mean()) < 0.01
    assert (confidence[right] < fitted["number_reject"]).mean() <= 0.004
