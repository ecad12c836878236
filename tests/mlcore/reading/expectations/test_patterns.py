"""Tests of the pattern language, against regular expressions."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcore.reading.expectations.patterns import Pattern

PLACES = st.sampled_from(["9", "-", ".", " ", "+", "\\1", "\\9"])
PATTERNS = st.lists(st.tuples(PLACES, st.sampled_from(["", "", "?", "*"])), min_size=1, max_size=6)
WRITTEN = st.text("0129-. +", max_size=6)


def make_source(places):
    return "9" + "".join(place + mark for place, mark in places)


def as_regular_expression(places):
    parts = {"9": "[0-9]", "\\1": "1", "\\9": "9"}
    return "[0-9]" + "".join(parts.get(place, re.escape(place)) + mark for place, mark in places)


@given(PATTERNS, WRITTEN)
def test_a_pattern_fits_what_its_regular_expression_fits(places, written):
    assert Pattern(make_source(places)).fits(written) == bool(re.fullmatch(as_regular_expression(places), written))


@given(PATTERNS, WRITTEN)
def test_everything_that_fits_may_begin_as_it_does(places, written):
    pattern = Pattern(make_source(places))
    if pattern.fits(written):
        assert all(pattern.may_begin(written[:end]) for end in range(len(written) + 1))


def test_what_cannot_fit_any_more_may_not_begin():
    pattern = Pattern("99-99")
    assert pattern.may_begin("12-3")
    assert not pattern.may_begin("123")
    assert not pattern.may_begin("12-345")


@pytest.mark.parametrize("source", ["", "--", "?9", "9??", "9*?", "12", "99x", "9\\", "9\\-", "9\n", "9" * 61, "९"])
def test_a_wrong_pattern_is_refused_in_words(source):
    with pytest.raises(ValueError, match="pattern"):
        Pattern(source)
