"""Boxes of numbers with signs and several lines: what stays between the digits when boxes change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcore.reading.result import SIGNS
from mlcore.reading.written import digits_of
from recognizer.problems import Problem
from recognizer.services.history.labelled_boxes import (
    LabelledBox,
    change_label,
    insert,
    merge,
    place_digits,
    remove,
    split,
    write_labels,
)
from recognizer.services.history.typed_numbers import parse_written

ADVANCE, HEIGHT = 20, 30
DIGITS, MARKS = "0123456789", "".join(SIGNS[:3])
LINES = st.tuples(st.text(MARKS, max_size=2), st.sampled_from(DIGITS), st.text(DIGITS + MARKS, max_size=8)).map("".join)


def boxes_of(written: str) -> list[LabelledBox]:
    """Return the boxes of a number whose characters stand side by side and whose lines stand below each other."""
    places = [
        (ADVANCE * column, HEIGHT * row, 15, 25)
        for row, line in enumerate(written.split("\n"))
        for column, character in enumerate(line)
        if character.isdigit()
    ]
    return place_digits(places, written)


@given(st.lists(LINES, min_size=1, max_size=4).map("\n".join))
def test_boxes_of_a_number_write_the_same_number(written):
    assert write_labels(boxes_of(written)) == written


@given(st.lists(LINES, min_size=1, max_size=4).map("\n".join), st.data())
def test_no_change_of_boxes_makes_more_digits_than_labels(written, data):
    boxes = boxes_of(written)
    position = data.draw(st.integers(0, len(boxes) - 1))
    for changed in (remove(boxes, position), change_label(boxes, position, ""), change_label(boxes, position, "5")):
        expected = "".join(box.label for box in changed)
        assert digits_of(write_labels(changed)).replace("\n", "") == expected


@pytest.mark.parametrize(
    ("written", "change", "expected"),
    [
        ("12.50", lambda boxes: change_label(boxes, 2, "8"), "12.80"),
        ("12.50", lambda boxes: change_label(boxes, 3, ""), "12.5"),
        ("12.50", lambda boxes: remove(boxes, 2), "12.0"),
        ("12.5", lambda boxes: remove(boxes, 2), "12."),
        ("-12", lambda boxes: remove(boxes, 0), "-2"),
        ("12.50", lambda boxes: split(boxes, 1, "34"), "134.50"),
        ("85%", lambda boxes: split(boxes, 1, "34"), "834%"),
        ("1.2", lambda boxes: merge(boxes, 0, "7"), "7"),
        ("-12%", lambda boxes: merge(boxes, 0, "7"), "-7%"),
        ("12\n3", lambda boxes: remove(boxes, 2), "12"),
        ("1\n23", lambda boxes: remove(boxes, 0), "23"),
        ("1\n-23", lambda boxes: remove(boxes, 1), "1\n-3"),
        ("12\n34", lambda boxes: insert(boxes, (100, 0, 15, 25), "9"), "129\n34"),
        ("12\n34", lambda boxes: insert(boxes, (100, 30, 15, 25), "9"), "12\n349"),
        ("12\n-34", lambda boxes: insert(boxes, (0, 30, 10, 25), "9"), "12\n-934"),
        ("85%", lambda boxes: insert(boxes, (100, 0, 15, 25), "9"), "859%"),
        ("12.50", lambda boxes: insert(boxes, (10, 0, 15, 25), "9"), "192.50"),
    ],
)
def test_signs_and_lines_stay_when_boxes_change(written, change, expected):
    assert write_labels(change(boxes_of(written))) == expected


@pytest.mark.parametrize("written", ["123", "1"])
def test_another_number_of_digits_has_no_places(written):
    assert place_digits([(0, 0, 5, 5), (9, 0, 5, 5)], written) == []


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("1905", "1905"),
        (" -12.50 ", "-12.50"),
        ("\N{MINUS SIGN}12,50", "-12,50"),
        ("5\N{EN DASH}27", "5-27"),
        ("1\N{NARROW NO-BREAK SPACE}905,50 €", "1 905,50 €"),
        ("1\N{RIGHT SINGLE QUOTATION MARK}905", "1'905"),
        ("12\r\n\r\n 34 ", "12\n34"),
        ("", ""),
        (" \n ", ""),
        ("\n".join(["1234567890"] * 60), "\n".join(["1234567890"] * 60)),
    ],
)
def test_a_typed_number_is_a_written_form(typed, written):
    assert parse_written(typed) == written


@pytest.mark.parametrize(
    "typed", ["seven", "1_2", "٣", "12\n-", "=1+1", "1\0", "1" * 601, "\n".join("1" * 61), "1" + "." * 2000]
)
def test_anything_else_is_refused(typed):
    with pytest.raises(Problem) as raised:
        parse_written(typed)
    assert raised.value.code == "invalid"
