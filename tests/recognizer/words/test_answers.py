"""Texts that describe a prediction."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from recognizer.words.answers import (
    advice,
    alternative_written,
    digit_share,
    find_doubtful,
    is_doubt_beside_digits,
    line_doubt,
    percent,
    percent_up,
    share_of_being_a_digit,
    split_likely,
    unread_summary,
)
from tests.readings import make_reading


def digit(read, **others):
    """Return a digit that was read. `_7=0.3` is the probability of a 7; the read digit gets the rest."""
    shares = [0.0] * 10
    for name, share in others.items():
        shares[int(name[1:])] = share
    shares[read] = 1 - sum(shares)
    return SimpleNamespace(digit=read, probabilities=shares, confidence=shares[read])


def test_advice_names_the_most_likely_other_digit():
    number = [digit(7, _1=0.4), digit(7, _2=0.1), digit(4, _9=0.3)]
    assert alternative_written("774", number) == "174"
    assert advice("unsure", None, "774", number).startswith("It could also be 174.")


def test_advice_does_not_name_an_unlikely_digit():
    number = [digit(1, _7=0.02), digit(4)]
    assert alternative_written("14", number) == ""
    assert advice("unsure", None, "14", number).startswith("The writing is not clear")


def test_advice_blames_no_digit_where_each_is_clear():
    assert advice("unsure", None, "14", [digit(1), digit(4)]).startswith("Each digit by itself is clear")


def test_the_likely_digits_are_told_apart_from_the_others():
    likely, unlikely = split_likely(digit(7, _1=0.2, _2=0.1, _9=0.05, _0=0.001))
    assert [each for each, _share in likely] == [7, 1, 2]
    assert [each for each, _share in unlikely] == [0, 3, 4, 5, 6, 8, 9]
    assert split_likely(digit(4, _9=0.009))[0] == [(4, pytest.approx(0.991))]


def test_advice_about_the_picture_comes_before_other_digits():
    assert "crop the picture" in advice("unsure", "too_small", "7", [digit(7, _1=0.4)])


def test_advice_without_digits_names_none():
    assert alternative_written("", []) == ""
    assert advice("rejected", None) != ""
    assert advice("read", None) == ""


def test_advice_keeps_the_signs_of_the_number():
    number = [digit(1), digit(7, _1=0.4), digit(5)]
    assert advice("unsure", None, "-1.75", number).startswith("It could also be -1.15.")


def test_advice_about_several_lines_names_no_other_number():
    number = [digit(1), digit(7, _1=0.4)]
    assert advice("unsure", None, "1\n7", number) == "Check the lines that are not sure, then confirm or correct them."


def test_a_line_that_is_not_sure_says_why():
    def doubt(written, digits, reason=None):
        return line_doubt(3, SimpleNamespace(written=written, glyphs=digits, decision="unsure", reason=reason))

    assert doubt("17", [digit(1), digit(7, _1=0.4)]) == "Line 3 could also be 11."
    assert doubt("14", [digit(1), digit(4)]).startswith("Line 3: each digit by itself is clear, but the line read as")
    assert doubt("14", [digit(1, _7=0.02), digit(4)]) == "Line 3: the writing is not clear."
    assert doubt("14", [digit(1), digit(4)], "unexpected") == "Line 3: Not what is expected."


def test_a_digits_two_shares_make_its_confidence():
    glyph = SimpleNamespace(digit=2, probabilities=[0.0005, 0.0, 0.999, *[0.0] * 6, 0.0005], confidence=0.321)
    assert (percent(digit_share(glyph)), percent(share_of_being_a_digit(glyph))) == (
        "99.9\N{NO-BREAK SPACE}%",
        "32.1\N{NO-BREAK SPACE}%",
    )


@pytest.mark.parametrize(
    ("decision", "reason", "position"),
    [("unsure", None, 2), ("unsure", "low_contrast", 2), ("unsure", "unread_ink", None), ("read", None, None)],
)
def test_the_least_certain_digit_of_an_unsure_answer_is_in_doubt(decision, reason, position):
    assert find_doubtful(make_reading("1905", decision=decision, reason=reason, doubtful=2).lines) == position


def test_the_digit_in_doubt_is_in_an_unsure_line():
    sure, unsure = make_reading("12", doubtful=0).lines[0], make_reading("345", decision="unsure").lines[0]
    assert find_doubtful([sure, unsure, sure]) == 2
    assert find_doubtful([]) is None


def test_a_clear_digit_is_in_doubt_only_where_one_is_always_marked():
    (line,) = make_reading("19", decision="unsure").lines
    clear = replace(line, glyphs=tuple(replace(glyph, confidence=0.996) for glyph in line.glyphs))
    assert find_doubtful([clear]) is None
    assert find_doubtful([clear], is_any_marked=True) == 0


def test_a_threshold_is_rounded_up():
    assert (percent_up(0.9599), percent(0.9599), percent_up(0.96)) == (
        "96.0\N{NO-BREAK SPACE}%",
        "95.9\N{NO-BREAK SPACE}%",
        "96.0\N{NO-BREAK SPACE}%",
    )


@pytest.mark.parametrize(
    ("decision", "reason", "expected"),
    [
        ("unsure", "unread_ink", True),
        ("unsure", "unexpected", True),
        ("unsure", "", False),
        ("read", "unread_ink", False),
    ],
)
def test_the_confidence_of_digits_says_nothing_of_a_doubt_beside_them(decision, reason, expected):
    assert is_doubt_beside_digits(SimpleNamespace(decision=decision, reason=reason)) is expected


def test_unread_ink_is_summed_up_by_kind():
    assert unread_summary(["mark", "letters", "mark", "text_line"]) == "1 line of text, 1 word, 2 marks"
    assert unread_summary(["sign"] * 9) == "other writing"
    assert unread_summary(["mark", "sign", "letters"]) == "1 word, other writing, 1 mark"
    assert unread_summary([]) == ""
