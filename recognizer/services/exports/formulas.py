"""The guard against formulas in exported tables: a spreadsheet must show every cell as text."""

import re
import unicodedata
from typing import Any

# A spreadsheet takes these for the numbers that they are.
SIGNED_NUMBER = re.compile(r"[+-][0-9]+([.,][0-9]+)*")
# A cell that begins with one of these, in any width, is a formula to a spreadsheet.
FORMULA_STARTS = ("=", "+", "-", "@", "\N{MINUS SIGN}")
# Spreadsheets drop spaces, control characters, byte order marks and zero-width characters before a formula.
DROPPED_CATEGORIES = ("Cc", "Cf", "Mn", "Zl", "Zp", "Zs")
# Where a comma is the decimal separator, spreadsheets expect semicolons between the cells of a CSV file. They then
# begin a new cell after a semicolon, and do not take the quotation marks before it for those of a whole cell.
OTHER_SEPARATORS = re.compile(r"([;\t\r\n])")


def escape_formula(cell: Any) -> Any:
    """Return the cell with an apostrophe before anything that a spreadsheet would run as a formula."""
    if not isinstance(cell, str) or not cell or SIGNED_NUMBER.fullmatch(cell):
        return cell
    if OTHER_SEPARATORS.search(cell):
        return "".join(_escape_start(part) for part in OTHER_SEPARATORS.split(cell))
    return _escape_start(cell)


def unescape_formula(cell: str) -> str:
    """Return the cell without the apostrophe that `escape_formula` has put before it."""
    return cell[1:] if cell.startswith("'") and escape_formula(cell[1:]) == cell else cell


def _escape_start(text: str) -> str:
    for character in text:
        if character != '"' and unicodedata.category(character) not in DROPPED_CATEGORIES:
            is_formula = unicodedata.normalize("NFKC", character).startswith(FORMULA_STARTS)
            return f"'{text}" if is_formula else text
    return text
