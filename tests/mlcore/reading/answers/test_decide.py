from dataclasses import replace

import numpy as np
import pytest

from mlcore.reading.answers.decide import (
    CONFIDENCE_FEATURES,
    confidence_features,
    judge_digit,
    judge_number,
    number_confidence,
)
from mlcore.reading.numbers.found import FoundDigit, FoundNumber, FoundSign

CARD = {"is_digit": 0.3, "read": 0.8, "number_reject": 0.1, "number_read": 0.7, "number_line": 1.0}


def found(line=0.9, best=0.99, is_digit=0.99, explained=1.0, count=3):
    probabilities = np.full(10, (1 - best) / 9, np.float32)
    probabilities[4] = best
    digit = FoundDigit(
        (0, 0, 10, 20), np.zeros((28, 28), np.uint8), probabilities, is_digit, "whole", np.zeros((10, 2))
    )
    return FoundNumber((digit,) * count, line, 0.01, explained, np.zeros(6), 0.0)


@pytest.mark.parametrize(
    ("confidence", "is_digit", "decision"),
    [(0.99, 0.999, "read"), (0.79, 0.999, "unsure"), (0.29, 0.29, "rejected")],
)
def test_a_digit_is_judged_by_the_card(confidence, is_digit, decision):
    assert judge_digit(confidence, is_digit, None, CARD).decision == decision


def test_a_rejection_has_the_pictures_reason_where_there_is_one():
    assert judge_digit(0.1, 0.1, None, CARD).reason == "not_a_digit"
    assert judge_digit(0.1, 0.1, "too_small", CARD).reason == "too_small"


def test_a_sure_answer_has_no_reason():
    assert judge_digit(0.99, 0.99, "cut_off", CARD).reason is None


def test_a_number_is_judged_by_the_card():
    assert judge_number(found(line=0.9), None, CARD).decision == "read"
    assert judge_number(found(line=0.5), None, CARD).decision == "unsure"
    assert judge_number(found(line=0.05), None, CARD).decision == "rejected"


def test_a_number_without_any_likely_digit_is_rejected():
    assert judge_number(found(is_digit=0.29), None, CARD).decision == "rejected"
    assert judge_number(found(is_digit=0.31), None, CARD).decision == "read"


def test_every_feature_has_a_name():
    assert len(confidence_features(found())) == len(CONFIDENCE_FEATURES)


def test_the_default_weights_distrust_a_doubtful_line():
    assert number_confidence(found(line=0.99), {}) > 0.9
    assert number_confidence(found(line=0.3), {}) < 0.5
    assert number_confidence(found(line=0.9, explained=0.05), {}) < 0.5


def test_a_doubtful_sign_lowers_the_confidence():
    doubtful = replace(found(line=0.99), signs_confidence=0.3)
    assert number_confidence(doubtful, {}) < 0.9 < number_confidence(found(line=0.99), {})


def test_noisy_paper_and_little_writing_count_where_the_card_knows_them():
    plain, noisy = found(), replace(found(), noise=0.04)
    small = replace(plain, digits=tuple(replace(digit, box=(0, 0, 5, 11)) for digit in plain.digits))
    newer = CARD | {"number_noise": -1.0, "number_tall": 1.0}
    assert number_confidence(noisy, newer) < number_confidence(plain, newer)
    assert number_confidence(small, newer) < number_confidence(plain, newer)


def test_a_card_without_a_feature_is_not_changed_by_it():
    noisy = replace(found(), noise=0.04)
    assert number_confidence(noisy, CARD) == number_confidence(found(), CARD)


def test_a_doubtful_sign_counts_more_in_tall_writing():
    card = CARD | {"number_tall_signs": 0.5}
    sign = FoundSign(".", 1, (12, 18, 2, 2), 0.6, 3.0)

    def loss(height):
        digits = tuple(replace(digit, box=(0, 0, 5, height)) for digit in found().digits)
        number = replace(found(), digits=digits)
        return number_confidence(number, card) - number_confidence(replace(number, signs=(sign,)), card)

    assert loss(50) > loss(20) > 0


def test_a_number_without_digits_has_finite_features():
    assert np.isfinite(confidence_features(found(count=0))).all()
