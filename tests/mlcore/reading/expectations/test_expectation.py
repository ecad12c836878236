"""Tests of expectations: what fits, and that no beginning of what fits is given up."""

from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcore.reading.expectations.check_digits import CHECKS
from mlcore.reading.expectations.expectation import Expectation, Previous, Range, find_check
from mlcore.reading.expectations.patterns import Pattern

ALL_TEXTS = ["".join(digits) for length in range(1, 5) for digits in product("0123456789", repeat=length)]


def counts(least, most):
    return st.none() | st.tuples(st.integers(least, most), st.integers(least, most)).map(
        lambda pair: Range(*sorted(pair))
    )


@st.composite
def expectations(draw):
    bounds = sorted(draw(st.lists(st.integers(0, 12_000), min_size=2, max_size=2)))
    is_bounded = draw(st.booleans())
    return Expectation(
        digits=draw(counts(1, 4)),
        decimals=draw(st.sampled_from([None, Range(0, 0)])),
        minimum=Decimal(bounds[0]) if is_bounded else None,
        maximum=Decimal(bounds[1]) if is_bounded else None,
        values=draw(st.sampled_from([frozenset(), frozenset({"12", "0123", "999"})])),
        pattern=draw(st.sampled_from([None, Pattern("99*"), Pattern("\\09?9?9")])),
        check=draw(st.sampled_from([None, CHECKS["luhn"], CHECKS["iso7064-97-10"]])),
        previous=draw(
            st.sampled_from([None, Previous(Decimal(950), Decimal(100), Decimal(1000)), Previous(Decimal(20))])
        ),
    )


@settings(max_examples=30)
@given(expectations())
def test_no_beginning_of_a_text_that_fits_is_given_up(expectation):
    for text in ALL_TEXTS:
        if expectation.fits(text):
            assert all(expectation.may_begin(text[:end]) for end in range(len(text) + 1))


@pytest.mark.parametrize("written", ["12", "12.5", "012.50", "1,234.5", "1234", "-3", "0.5", ".5", "€12", "12.-"])
@pytest.mark.parametrize("bounds", [("0.5", "12.5"), ("1234", "1234.5"), ("-4", "0"), ("12.5", None), (None, "12")])
def test_no_beginning_with_signs_of_a_value_that_fits_is_given_up(written, bounds):
    minimum, maximum = (bound and Decimal(bound) for bound in bounds)
    expectation = Expectation(minimum=minimum, maximum=maximum)
    if expectation.fits(written):
        assert all(expectation.may_begin(written[:end]) for end in range(len(written) + 1))


def test_a_beginning_whose_value_is_too_great_or_stays_too_small_is_given_up():
    expectation = Expectation(digits=Range(1, 4), minimum=Decimal(500), maximum=Decimal("1200.5"))
    assert not expectation.may_begin("1201") and not expectation.may_begin("0400")
    assert expectation.may_begin("120") and expectation.may_begin("0500")


@pytest.mark.parametrize(
    ("expectation", "fits", "misfits"),
    [
        (Expectation(digits=Range(5, 5)), ["00123", "12,345"], ["1234", "123456"]),
        (Expectation(decimals=Range(2, 2)), ["12.50", "12,50", "1.234,50", "-0.50"], ["1250", "12.5", "12.500", "5/7"]),
        (Expectation(decimals=Range(3, 3)), ["1,234"], ["1234"]),
        (Expectation(may_have_sign=False), ["12", "07-11"], ["-12", "+12"]),
        (Expectation(minimum=Decimal("-3"), maximum=Decimal(100)), ["-3", "100", "99.9"], ["-4", "100.1", "5/7"]),
        (Expectation(values=frozenset({"007", "12,50"})), ["007", "12,50"], ["7", "1250"]),
        (Expectation(pattern=Pattern("99-99-9999")), ["12-05-1987"], ["12051987", "12-05-87"]),
        (Expectation(check=CHECKS["gtin"]), ["4006381333931", "4 006381 333931"], ["4006381333932"]),
        (Expectation(previous=Previous(Decimal(12_345), Decimal(300))), ["12345", "12645"], ["12344", "12646"]),
        (Expectation(previous=Previous(Decimal(12_345))), ["12345", "99999"], ["12344"]),
        (
            Expectation(previous=Previous(Decimal(99_900), Decimal(300), Decimal(100_000))),
            ["99900", "99999", "00000", "00200"],
            ["99899", "100000", "00201"],
        ),
    ],
)
def test_what_fits_and_what_does_not(expectation, fits, misfits):
    assert [written for written in fits if not expectation.fits(written)] == []
    assert [written for written in misfits if expectation.fits(written)] == []


def test_whole_numbers_that_cannot_reach_the_range_are_given_up_early():
    expectation = Expectation(
        digits=Range(5, 5), decimals=Range(0, 0), previous=Previous(Decimal(12_345), Decimal(300))
    )
    assert expectation.may_begin("123") and expectation.may_begin("126")
    assert not expectation.may_begin("13") and not expectation.may_begin("00")


def test_an_expectation_without_parts_is_empty():
    assert Expectation().is_empty and Expectation(decimal="comma").is_empty
    assert not Expectation(may_have_sign=False).is_empty


@pytest.mark.parametrize(
    "make",
    [
        lambda: Expectation(digits=Range(5, 4)),
        lambda: Expectation(digits=Range(0, 4)),
        lambda: Expectation(digits=Range(1, 41)),
        lambda: Expectation(decimals=Range(-1, 2)),
        lambda: Expectation(minimum=Decimal(2), maximum=Decimal(1)),
        lambda: Previous(Decimal(-1)),
        lambda: Previous(Decimal(1), Decimal(-1)),
        lambda: Previous(Decimal(1), None, Decimal(10)),
        lambda: Previous(Decimal(10), Decimal(1), Decimal(10)),
        lambda: Previous(Decimal(1), Decimal(10), Decimal(10)),
    ],
)
def test_parts_that_contradict_each_other_are_refused(make):
    with pytest.raises(ValueError, match=r"\w+ .*\."):
        make()


def test_a_check_is_found_by_its_name_or_its_weights():
    assert find_check("luhn") is CHECKS["luhn"]
    assert find_check("weights:10,9,8,7,6,5,4,3,2,1 mod 11")("0306406152")


@pytest.mark.parametrize("name", ["", "md5", "weights:", "weights:1,2", "weights:1,x mod 10", "weights:1,2 mod 1e9"])
def test_an_unknown_check_is_refused(name):
    with pytest.raises(ValueError, match="check digit"):
        find_check(name)
