"""No cell of an exported table is a formula, whatever a spreadsheet drops, widens or splits."""

import csv

import pytest

from recognizer.services.exports.exports import csv_lines
from recognizer.services.exports.formulas import escape_formula


@pytest.mark.parametrize("start", [*"=+-@", *"＝＋－＠", *"﹦﹢﹣﹫", "⁺", "⁻", "−"])
@pytest.mark.parametrize(
    "before", ["", " ", "\t", "\r", "\n", "\0", "\xa0", "\xad", "\u200b", "\u200d", "\u2060", "\ufeff", "\ufe0f", '"']
)
def test_a_formula_is_escaped_whatever_precedes_it(start, before):
    assert escape_formula(f"{before}{start}1+1").lstrip("\t\r\n").startswith("'")


@pytest.mark.parametrize(
    ("cell", "escaped"),
    [
        ("a;=1+1", "a;'=1+1"),
        ('a;"=1+1";b', 'a;\'"=1+1";b'),
        ("a\n＝1+1", "a\n'＝1+1"),
        ("a;\ufeff@b;c", "a;'\ufeff@b;c"),
    ],
)
def test_a_formula_after_another_separator_is_escaped(cell, escaped):
    assert escape_formula(cell) == escaped


@pytest.mark.parametrize(
    "cell", ["", " ", "7", "a=b", "scan-1.png", "a; b", "me@example.org", "\ufeff", 0.5, -1, None, "-12.50", "-12,50"]
)
def test_other_cells_stay_as_they_are(cell):
    assert escape_formula(cell) == cell


def test_no_cell_is_a_formula_to_a_spreadsheet_that_splits_at_semicolons():
    attack = "=cmd|'/c calc'!A0"
    rows = [[f"x{quote};{quote}{attack}{quote};{quote}y", "1,5"] for quote in ("", '"', '""')]
    cells = [cell for row in csv.reader(csv_lines(rows), delimiter=";") for cell in row]
    assert not [cell for cell in cells if cell.strip('"').startswith("=")]
