import numpy as np
import pytest

from mlcore.reading.numbers.found import FoundDigit, FoundNumber
from mlcore.reading.numbers.weights import DEFAULT_WEIGHTS, SCORE_FEATURES, Weights
from mlcore.training.evaluation.weights import fit_choices, fit_network_weights, fit_text_weights

RNG_SEED = 3


def test_the_weights_behind_the_choices_are_recovered():
    rng = np.random.default_rng(RNG_SEED)
    true = np.array([1.5, -0.5])
    options = [rng.normal(size=(4, 2)) for _ in range(8_000)]
    chosen = []
    for option in options:
        shares = np.exp(option @ true)
        chosen.append(int(rng.choice(4, p=shares / shares.sum())))
    assert fit_choices(options, chosen, np.zeros(2)) == pytest.approx(true, abs=0.08)


def test_without_evidence_the_weights_stay_as_they_are():
    start = np.array([0.3, 0.7])
    assert fit_choices([], [], start).tolist() == start.tolist()


def test_a_card_keeps_the_weights():
    weights = Weights.from_card({"say_cut_line": 0.9, "worth_overlooked": 2.0})
    assert Weights.from_card(weights.as_card_entries()).as_card_entries() == weights.as_card_entries()
    assert weights.as_card_entries() == {**DEFAULT_WEIGHTS, "say_cut_line": 0.9, "worth_overlooked": 2.0}


def found(text, line_text, digit_text, features=()):
    """Return a number to whose two networks give 90 % to a text of their own."""
    digits = []
    for both in zip(text, line_text, digit_text, strict=True):
        words = np.full((10, 2), np.log(0.1 / 9))
        words[int(both[1]), 0] = words[int(both[2]), 1] = np.log(0.9)
        shares = np.full(10, 0.01)
        shares[int(both[0])] = 0.91
        digits.append(FoundDigit((0, 0, 9, 9), np.zeros((28, 28), np.uint8), shares, 1.0, "whole", words))
    return FoundNumber(
        tuple(digits), 0.5, 0.1, 1.0, np.array([*features, *[0.0] * (len(SCORE_FEATURES) - len(features))]), 0.0
    )


def test_the_network_that_is_right_more_often_counts_more():
    proposed = [([found("123", "124", "123")], "123") for _ in range(50)]
    start = Weights.from_card({"say_whole_line": 0.5, "say_whole_digit": 0.5})
    line, digit = fit_network_weights(proposed, start).network_weights["whole"]
    assert digit > 1 > line


def test_a_feature_that_tells_the_right_text_counts_more():
    right, wrong = found("12", "12", "12", features=(-1.0, 0.0)), found("13", "13", "13", features=(-1.0, -3.0))
    start = Weights.from_card({})
    fitted = fit_text_weights([([right, wrong], "12")] * 50, start)
    assert fitted[SCORE_FEATURES.index("digits")] > DEFAULT_WEIGHTS["worth_digits"]
    assert fitted[SCORE_FEATURES.index("line")] == pytest.approx(DEFAULT_WEIGHTS["worth_line"])


def test_wrong_proposals_change_no_weights():
    start = Weights.from_card({})
    assert fit_text_weights([([found("12", "12", "12")], "77")], start).tolist() == start.feature_weights.tolist()
