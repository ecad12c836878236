"""Tests of the words for what is expected, and for what a number lacks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcore.reading.expectations.check_digits import CHECKS
from mlcore.reading.expectations.expectation_text import FIELDS, parse_expectation
from recognizer.words.expectations import CHECK_NAMES, describe_expectation, find_misfits


def test_every_check_digit_has_a_name():
    assert CHECK_NAMES.keys() == CHECKS.keys()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, []),
        ({"digits": "1"}, ["1 digit"]),
        ({"digits": "3 - 6", "decimals": "0"}, ["3 to 6 digits", "no decimals"]),
        ({"decimals": "2-2"}, ["2 decimals"]),
        ({"decimals": "0-2", "sign": "no"}, ["0 to 2 decimals", "no sign before it"]),
        ({"sign": "yes"}, []),
        ({"minimum": "-0.5", "maximum": "9"}, ["at least -0.5", "at most 9"]),
        ({"values": "7"}, ["only 7"]),
        ({"values": " 7 | 8|"}, ["one of 7, 8"]),
        ({"values": "|".join("1234567")}, ["one of 7 allowed numbers"]),
        ({"pattern": "99-99"}, ["written like 99-99"]),
        ({"check": "luhn"}, ["a check digit (Luhn)"]),
        ({"check": "weights:3,1 mod 10"}, ["a check digit with the weights 3,1 mod 10"]),
        (
            {"previous": "12", "step": "3", "wraps_at": "100"},
            [
                "not below the previous value 12",
                "at most 3 above the previous value",
                "a counter that starts again at 100",
            ],
        ),
    ],
)
def test_each_field_is_put_in_words(fields, words):
    assert describe_expectation(fields) == words


@pytest.mark.parametrize(
    ("written", "fields", "sentences"),
    [
        ("1905", {"digits": "4"}, []),
        ("1905", {"digits": "5"}, ["It has 4 digits."]),
        ("7", {"digits": "2-3", "values": "12"}, ["It has 1 digit.", "It is not one of the allowed numbers."]),
        ("-12", {"sign": "no"}, ["A sign stands first."]),
        ("12-50", {"pattern": "99.99"}, ["It is not written like 99.99."]),
        ("79927398710", {"check": "luhn"}, ["Its check digit is wrong."]),
        ("12.5", {"decimals": "2", "minimum": "13"}, ["It has 1 decimal.", "It is below 13."]),
        ("1.250", {"decimals": "3", "maximum": "2"}, []),
        ("1,5", {"maximum": "1"}, ["It is above 1."]),
        ("11:30", {"minimum": "1"}, ["It is not written as one value, as a date or a time is not."]),
        ("130", {"previous": "100", "step": "20"}, ["It cannot follow the previous value 100."]),
        ("5", {"previous": "95", "step": "20", "wraps_at": "100"}, []),
    ],
)
def test_what_does_not_fit_is_said(written, fields, sentences):
    assert find_misfits(written, fields, None) == sentences


EXAMPLES = {
    "digits": ["1", "2-4"],
    "decimals": ["0", "1", "0-2"],
    "sign": ["yes", "no"],
    "minimum": ["-3", "0.5"],
    "maximum": ["40"],
    "values": ["7|12|-1.5"],
    "pattern": ["9?9.9", "-9*"],
    "check": ["luhn", "weights:1,2 mod 3"],
    "previous": ["5"],
    "step": ["30"],
    "wraps_at": ["40"],
}


@given(
    st.text("0123456789.,-+", min_size=1, max_size=6).filter(lambda text: any(map(str.isdigit, text))),
    st.fixed_dictionaries({}, optional={name: st.sampled_from(texts) for name, texts in EXAMPLES.items()}),
)
def test_a_sentence_is_found_exactly_where_a_number_does_not_fit(written, fields):
    if "previous" not in fields or "step" not in fields:
        fields = {name: text for name, text in fields.items() if name not in ("step", "wraps_at")}
    expectation = parse_expectation(fields)
    fits = expectation is None or expectation.fits(written)
    assert (find_misfits(written, fields, None) == []) == fits


def test_every_field_has_an_example():
    assert EXAMPLES.keys() == FIELDS.keys()
