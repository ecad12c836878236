"""Tests of the check digits, against published numbers and against each single wrong digit."""

import pytest

from mlcore.reading.expectations.check_digits import CHECKS, WeightedModulus

PUBLISHED = [
    ("luhn", "79927398713"),  # the example of the algorithm's description
    ("luhn", "4539148803436467"),
    ("gtin", "4006381333931"),
    ("gtin", "73513537"),  # EAN-8
    ("gtin", "036000291452"),  # UPC-A
    ("gtin", "10614141000415"),  # GTIN-14
    ("isbn", "0306406152"),
    ("isbn", "9780306406157"),
    ("iso7064-11-2", "0000000218250097"),  # an ORCID
    ("iso7064-11-2", "0000000121032683"),  # an ISNI
    ("iso7064-11-10", "07945"),  # the example of ISO 7064
    ("iso7064-11-10", "86095742719"),  # a German tax number
    ("iso7064-11-10", "69435151530"),  # a Croatian personal number
    ("iso7064-97-10", "79444"),  # the example of ISO 7064
]


@pytest.mark.parametrize(("name", "digits"), PUBLISHED)
def test_a_published_number_is_right(name, digits):
    assert CHECKS[name](digits)


@pytest.mark.parametrize(("name", "digits"), PUBLISHED)
def test_each_single_wrong_digit_is_found(name, digits):
    for place in range(len(digits)):
        for digit in set("0123456789") - {digits[place]}:
            assert not CHECKS[name](digits[:place] + digit + digits[place + 1 :])


@pytest.mark.parametrize("name", sorted(CHECKS))
@pytest.mark.parametrize("digits", ["", "0"])
def test_a_number_that_is_too_short_is_wrong(name, digits):
    assert not CHECKS[name](digits)


def test_a_book_number_of_13_digits_has_its_prefix():
    assert CHECKS["gtin"]("4006381333931") and not CHECKS["isbn"]("4006381333931")


def test_own_weights_count_from_the_left():
    check = WeightedModulus((10, 9, 8, 7, 6, 5, 4, 3, 2, 1), 11)
    assert check("0306406152")
    assert not check("0306406153")
    assert not check("306406152")


@pytest.mark.parametrize(
    ("weights", "modulus"), [((1,), 10), ((1,) * 41, 10), ((1, 100), 10), ((1, -1), 10), ((1, 3), 1), ((1, 3), 100)]
)
def test_weights_that_make_no_check_are_refused(weights, modulus):
    with pytest.raises(ValueError, match="check digit"):
        WeightedModulus(weights, modulus)
