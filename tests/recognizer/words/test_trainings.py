"""Texts about trainings and comparisons."""

import pytest

from recognizer.words.trainings import failed_check, gate_rule, training_error


def test_a_failed_check_names_both_models():
    shares = {"candidate": "new-1", "candidate_share": "99.1 %", "active": "old-1", "active_share": "99.8 %"}
    assert failed_check("digit_7", **shares) == "The digit 7: new-1 reads 99.1 % right, old-1 reads 99.8 %."
    assert failed_check("sure_but_wrong", **shares) == "Wrong among sure digits: 99.1 % with new-1, 99.8 % with old-1."


def test_a_gain_that_is_not_shown_is_no_loss():
    shares = {"candidate": "new-1", "candidate_share": "99.1 %", "active": "old-1", "active_share": "98.8 %"}
    assert failed_check("held_back_gain", **shares).endswith(
        "99.1 % with new-1, 98.8 % with old-1. "
        "That is no proof: too few digits differ, or nobody reviewed those that do."
    )


def test_the_reason_of_a_failed_training_is_told_with_its_numbers():
    counts = {"digits": 4, "held_back_digits": 2, "is_limited": False}
    text = training_error("too_few_digits", counts)
    assert text.endswith("4 to learn, and 2 held back to compare the models on.")
    limited = training_error("too_few_digits", counts | {"is_limited": True})
    assert limited == f"{text} The share of one person was limited."
    assert training_error("too_long", {}) == "The training took too long and was ended."
    assert training_error("The disk is full.", {}) == "The disk is full."


@pytest.mark.parametrize(
    ("name", "limit", "rule"),
    [
        ("digits_right", -0.002, "at most 0.2 points fewer"),
        ("numbers_exact", -0.015, "at most 1.5 points fewer"),
        ("digit_7", 0.05, "no significant loss over 0.3 points"),
        ("hands", 0.05, "no significant loss over 4 points"),
        ("hand_crossed_seven", 0.05, "no significant loss over 4 points"),
        ("sure_but_wrong", 0.00375, "at most 0.38\N{NO-BREAK SPACE}%"),  # of a model that exceeds the usual limit
        ("held_back_gain", 0.0, "more than before"),
    ],
)
def test_the_rule_of_each_check_is_told(name, limit, rule):
    assert gate_rule(name, limit) == rule
