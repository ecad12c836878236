import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcore.reading.result import SIGNS, Box, Sign
from mlcore.reading.written import find_value, write_number

BOX = Box(0, 0, 1, 1)
WRITTEN = st.text("".join(SIGNS) + "0123456789 \n", max_size=14)
RULES = st.one_of(st.none(), st.sampled_from(["point", "comma"]), st.integers(0, 4))
NUMBERS = st.decimals(-(10**9), 10**9, allow_nan=False, places=2)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1905", "1905"),
        ("007", "7"),
        ("000", "0"),
        ("12.50", "12.50"),
        ("-12,50", "-12.50"),
        ("+3.14", "3.14"),
        (".5", "0.5"),
        ("12.", "12"),
        ("0.125", "0.125"),
        ("-0.00", "0.00"),
        ("1,234.56", "1234.56"),
        ("1.234,56", "1234.56"),
        ("1'234.50", "1234.50"),
        ("1'234'567", "1234567"),
        ("1.234.567", "1234567"),
        ("1234.567", "1234.567"),
        ("$12.50", "12.50"),
        ("-€12,50", "-12.50"),
        ("€-12,50", "-12.50"),
        ("12,50€", "12.50"),
        ("12,-", "12"),
        ("85%", "85"),
        ("1 234 567", "1234567"),
        ("12,34,567", "1234567"),
        ("12,50 €", "12.50"),
        ("1'200.--", "1200"),
        ("1.234", None),
        ("12,345", None),
        ("", None),
        (".", None),
        ("-", None),
        ("12-", None),
        ("+-12", None),
        ("07-11", None),
        ("5/27", None),
        ("10:45", None),
        ("12.03.2024", None),
        ("1'23", None),
        ("1,23.45", None),
        ("12'345,678.9", None),
        ("12\n34", None),
        ("12.50.-", None),
        ("3/4", None),
        ("079 123 45 67", None),
        ("12 50", None),
        ("1.234 567", None),
        ("1 234'567", None),
        ("€5€", None),
        ("%5", None),
    ],
)
def test_the_written_form_has_this_value_without_a_known_decimal_mark(written, value):
    assert find_value(written) == value


@pytest.mark.parametrize(
    ("written", "decimal", "value"),
    [
        ("1.234", "point", "1.234"),
        ("1.234", "comma", "1234"),
        ("12,345", "comma", "12.345"),
        ("-12,345", "point", "-12345"),
        ("3.14", "comma", "3.14"),
        ("1,234.56", "comma", "1234.56"),
        ("1,234,567", "comma", "1234567"),
        ("12.03.2024", "point", None),
        ("1.234", 3, "1.234"),
        ("1.234", 2, "1234"),
        ("12.5", 2, "12.5"),
    ],
)
def test_a_known_decimal_mark_settles_what_a_separator_means(written, decimal, value):
    assert find_value(written, decimal) == value


@given(WRITTEN, RULES)
def test_a_value_is_a_decimal_string_of_the_digits_that_were_written(written, rule):
    value = find_value(written, rule)
    if value is not None:
        assert re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", value)
        digits = re.sub("[^0-9]", "", written)
        assert re.sub("[^0-9]", "", value).lstrip("0") == digits.lstrip("0")
        assert not value.startswith("-") or "-" in written


@given(NUMBERS, st.sampled_from([(",", "."), (".", ","), ("'", "."), (" ", ","), ("", "."), ("", ",")]))
def test_a_number_written_in_any_convention_has_its_value(number, convention):
    thousands, mark = convention
    written = f"{number:,.2f}".replace(",", "t").replace(".", mark).replace("t", thousands)
    assert Decimal(find_value(written)) == number


@given(WRITTEN, RULES)
def test_a_rule_never_contradicts_a_form_without_doubt(written, rule):
    if (value := find_value(written)) is not None:
        assert find_value(written, rule) == value


@pytest.mark.parametrize(
    ("digits", "signs", "written"),
    [
        ("1250", [("-", 0), (",", 2)], "-12,50"),
        ("85", [("%", 2)], "85%"),
        ("5", [("-", 0), ("€", 0)], "-€5"),
        ("7", [], "7"),
    ],
)
def test_signs_are_written_before_the_digit_that_follows(digits, signs, written):
    assert write_number(digits, [Sign(BOX, sign, 0.9, before) for sign, before in signs]) == written


@given(WRITTEN)
def test_the_digits_and_signs_of_a_written_form_join_to_it(written):
    digits = re.sub("[^0-9]", "", written)
    signs = [
        Sign(BOX, c, 0.9, len(re.sub("[^0-9]", "", written[:i]))) for i, c in enumerate(written) if not c.isdigit()
    ]
    assert write_number(digits, signs) == written
