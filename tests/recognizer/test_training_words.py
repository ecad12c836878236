"""Texts about trainings and comparisons."""

import pytest

from recognizer.training_words import failed_check, gate_rule


def test_a_failed_check_names_both_models():
    shares = {"candidate": "new-1", "candidate_share": "99.1 %", "active": "old-1", "active_share": "99.8 %"}
    assert failed_check("digit_7", **shares) == "The digit 7: new-1 reads 99.1 % right, old-1 reads 99.8 %."
    assert failed_check("sure_but_wrong", **shares) == "Wrong among sure digits: 99.1 % with new-1, 99.8 % with old-1."


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
