"""Tests of the fields of an expectation."""

from decimal import Decimal

import pytest

from mlcore.reading.check_digits import CHECKS
from mlcore.reading.expectation import Expectation, Previous, Range
from mlcore.reading.expectation_text import FIELDS, PARSERS, ExpectationError, parse_expectation
from mlcore.reading.patterns import Pattern


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
        ("maximum", "1,5"),
        ("pattern", "[0-9]+"),
        ("check", "md5"),
        ("step", "5"),
        ("wraps_at", "5"),
        ("previous", "-5"),
        ("values", "x" * 20_001),
        ("colour", "red"),
    ],
)
def test_a_wrong_field_is_named(field, text):
    with pytest.raises(ExpectationError) as caught:
        parse_expectation({field: text})
    assert caught.value.field == field
    assert caught.value.detail.endswith(".")
