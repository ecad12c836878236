import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcore.reading.result import SIGNS, Box, Sign
from mlcore.reading.written import find_value, write_number

BOX = Box(0, 0, 1, 1)


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
    ],
)
def test_a_known_decimal_mark_settles_what_a_separator_means(written, decimal, value):
    assert find_value(written, decimal) == value


@given(st.text("".join(SIGNS) + "0123456789\n", max_size=20), st.sampled_from([None, "point", "comma"]))
def test_a_value_is_a_decimal_string_of_the_written_digits(written, decimal):
    value = find_value(written, decimal)
    if value is not None:
        whole, _, decimals = value.removeprefix("-").partition(".")
        assert whole.isascii() and whole.isdigit() and (not decimals or decimals.isdigit())
        digits = "".join(character for character in written if character.isdigit())
        assert (whole + decimals).lstrip("0") == digits.lstrip("0")


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
