"""Tests of the fields of an expectation."""

import re
from decimal import Decimal

import pytest

from mlcore.reading.expectations.check_digits import CHECKS
from mlcore.reading.expectations.expectation import Expectation, Previous, Range
from mlcore.reading.expectations.expectation_text import (
    FIELDS,
    PARSERS,
    ExpectationError,
    check_fields,
    known_decimals,
    merge_fields,
    parse_expectation,
)
from mlcore.reading.expectations.patterns import Pattern


def test_every_field_has_a_parser():
    assert FIELDS.keys() == PARSERS.keys()


def test_all_fields_make_an_expectation():
    fields = {
        "digits": "3-6",
        "decimals": "2",
        "sign": "no",
        "minimum": "-0.5",
        "maximum": "100",
        "values": "007 | 12,50",
        "pattern": "99-99",
        "check": "luhn",
        "previous": "120",
        "step": "30",
        "wraps_at": "1000",
    }
    assert parse_expectation(fields) == Expectation(
        digits=Range(3, 6),
        decimals=Range(2, 2),
        may_have_sign=False,
        minimum=Decimal("-0.5"),
        maximum=Decimal(100),
        values=frozenset({"007", "12,50"}),
        pattern=Pattern("99-99"),
        check=CHECKS["luhn"],
        previous=Previous(Decimal(120), Decimal(30), Decimal(1000)),
    )


@pytest.mark.parametrize(
    ("text", "stored"), [("12,5", "12.5"), ("-0,5", "-0.5"), ("0,500", "0.500"), ("1,5000", "1.5000"), ("7", "7")]
)
def test_decimals_may_follow_a_comma_as_on_the_keypads_of_many_phones(text, stored):
    """A stored comma would also stand in exports, which other programs read."""
    for name in ("minimum", "maximum", *(() if text.startswith("-") else ("previous",))):
        assert parse_expectation({name: f" {text}"}) == parse_expectation({name: stored})
        assert check_fields({name: text}) == merge_fields({}, {name: text}) == {name: stored}


def test_a_comma_that_may_stand_between_thousands_is_refused_with_both_ways_to_write_it():
    with pytest.raises(ExpectationError, match=re.escape("Write 1234, or 1,2340 if the comma stands before decimals.")):
        parse_expectation({"previous": "1,234"})


def test_the_comma_of_another_field_stays():
    assert check_fields({"values": "1,5|2,5", "pattern": "9,9"}) == {"values": "1,5|2,5", "pattern": "9,9"}


@pytest.mark.parametrize("fields", [{}, {"digits": ""}, {"digits": "  ", "check": ""}])
def test_no_fields_make_no_expectation(fields):
    assert parse_expectation(fields) is None


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("digits", "five"),
        ("digits", "6-3"),
        ("digits", "0"),
        ("digits", "99"),
        ("decimals", "-1"),
        ("sign", "maybe"),
        ("minimum", "1e9"),
        ("minimum", "NaN"),
        ("maximum", "1,500"),
        ("maximum", "1.234,5"),
        ("previous", "1,2,3"),
        ("pattern", "[0-9]+"),
        ("check", "md5"),
        ("step", "5"),
        ("wraps_at", "5"),
        ("previous", "-5"),
        ("values", "1" * 20_001),
        ("values", "1" * 81),
        ("values", "seven"),
        ("values", "7\0"),
        ("values", " | "),
        ("colour", "red"),
    ],
)
def test_a_wrong_field_is_named(field, text):
    with pytest.raises(ExpectationError) as caught:
        parse_expectation({field: text})
    assert caught.value.field == field
    assert caught.value.detail.endswith(".")


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"digits": "5", "minimum": "9", "maximum": "8"}, "maximum"),
        ({"digits": "5", "decimals": "13"}, "decimals"),
        ({"digits": "5", "previous": "1", "step": "-1"}, "step"),
        ({"digits": "5", "previous": "1", "wraps_at": "9"}, "wraps_at"),
        ({"digits": "5", "previous": "10", "step": "1", "wraps_at": "9"}, "wraps_at"),
    ],
)
def test_the_wrong_one_of_several_fields_is_named(fields, wrong):
    with pytest.raises(ExpectationError) as caught:
        parse_expectation(fields)
    assert caught.value.field == wrong


def test_a_step_may_be_kept_without_a_previous_value():
    assert check_fields({"step": " 30 ", "digits": ""}) == {"step": "30"}
    with pytest.raises(ExpectationError):
        check_fields({"step": "many"})


def test_fields_of_two_expectations_are_merged():
    assert merge_fields({"digits": "5", "step": "30"}, {"previous": " 7 "}) == {
        "digits": "5",
        "step": "30",
        "previous": "7",
    }
    assert merge_fields({"digits": "5", "step": "30", "wraps_at": "100"}, {}) == {"digits": "5"}
    assert merge_fields({"digits": "5"}, {"digits": " "}) == {}
    assert merge_fields({}, {"step": "30"}) == {"step": "30"}  # which is then refused


@pytest.mark.parametrize(("text", "decimals"), [("2", 2), ("2-2", 2), ("0", 0), ("0-2", None)])
def test_one_known_number_of_decimals_is_told_from_a_range(text, decimals):
    assert known_decimals({"decimals": text}) == decimals
    assert known_decimals({}) is None
