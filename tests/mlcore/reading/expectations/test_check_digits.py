"""Tests of the check digits, against published numbers and against each single wrong digit."""

from operator import mul

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcore.reading.expectations.check_digits import CHECKS, WeightedModulus, have_right_check

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


def crosswise(value):
    return sum(map(int, str(value)))


def is_luhn(values):
    return (sum(values[::-2]) + sum(crosswise(2 * value) for value in values[-2::-2])) % 10 == 0


def is_gtin(values):
    return (sum(values[::-2]) + 3 * sum(values[-2::-2])) % 10 == 0


def is_iso7064_11_10(values):
    product = 10
    for value in values[:-1]:
        product = ((product + value) % 10 or 10) * 2 % 11
    return (product + values[-1]) % 10 == 1


FORMULAS = [  # from the descriptions of the schemes, for numbers of these lengths
    ("luhn", (2, 11, 16), is_luhn),
    ("gtin", (8, 12, 13, 14), is_gtin),
    ("isbn", (10,), lambda values: sum(map(mul, values, range(10, 0, -1))) % 11 == 0),
    ("isbn", (13,), lambda values: values[:3] in ([9, 7, 8], [9, 7, 9]) and is_gtin(values)),
    ("iso7064-11-2", (2, 16), lambda values: sum(value << place for place, value in enumerate(values[::-1])) % 11 == 1),
    ("iso7064-11-10", (2, 11), is_iso7064_11_10),
    ("iso7064-97-10", (3, 20), lambda values: int("".join(map(str, values))) % 97 == 1),
]


@pytest.mark.parametrize(("name", "lengths", "is_right"), FORMULAS)
@given(st.data())
def test_the_steps_from_digit_to_digit_follow_the_formula(name, lengths, is_right, data):
    """The last two digits of a random number go through all values, so that right numbers are among them."""
    length = data.draw(st.sampled_from(lengths))
    beginning = data.draw(st.lists(st.integers(0, 9), min_size=length - 2, max_size=length - 2))
    if length == 13 and data.draw(st.booleans()):
        beginning[:3] = 9, 7, data.draw(st.integers(7, 9))
    numbers = [[*beginning, *divmod(end, 10)] for end in range(100)]
    rights = [CHECKS[name]("".join(map(str, values))) for values in numbers]
    assert rights == [is_right(values) for values in numbers]
    assert have_right_check(np.array(numbers), CHECKS[name]).tolist() == rights


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
