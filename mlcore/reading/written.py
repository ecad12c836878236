"""The written form of a number, as `-12,50`: how it is composed, and which value it means."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

from mlcore.reading.result import Box, Glyph, Reading, Sign

DecimalMark = Literal["point", "comma"]
DECIMAL_MARKS: tuple[DecimalMark, ...] = ("point", "comma")
CHARACTERS: dict[DecimalMark, str] = {"point": ".", "comma": ","}

CURRENCIES = "$€£"
# Sign and currency in either order, digits with separators, a dash in place of decimals (`12,-`), currency or percent.
NUMBER = re.compile(rf"([+-]?)[{CURRENCIES}]?([+-]?)([0-9.,']*[0-9][0-9.,']*)(?:(?<=[.,])-)?[{CURRENCIES}%]?")
THOUSANDS = re.compile("[1-9][0-9]{0,2}([.,'])[0-9]{3}(?:\\1[0-9]{3})*")


def write_number(digits: str, signs: Iterable[Sign]) -> str:
    """Return the digits of one line with their signs in between."""
    before: dict[int, str] = {}
    for sign in signs:
        before[sign.before_glyph] = before.get(sign.before_glyph, "") + sign.sign
    return "".join(before.get(place, "") + digit for place, digit in enumerate(digits)) + before.get(len(digits), "")


def find_value(written: str, decimal: DecimalMark | None = None) -> str | None:
    """Return the value of a written number as a decimal string such as `-12.50`.

    Return None where none is meant, as in dates and groups, and where a point or a comma may separate thousands or
    decimals and `decimal` does not say which.
    """
    number = NUMBER.fullmatch(written)
    if not number or (number[1] and number[2]):
        return None
    split = split_decimals(number[3], decimal)
    if split is None:
        return None
    whole, decimals = split
    value = (whole.lstrip("0") or "0") + (f".{decimals}" if decimals else "")
    is_negative = "-" in (number[1], number[2]) and value.strip("0.")
    return f"-{value}" if is_negative else value


def split_decimals(number: str, decimal: DecimalMark | None) -> tuple[str, str] | None:
    """Return the digits before and after the decimal mark, without separators; None where that is not known."""
    *earlier, last = re.findall("[.,']", number) or [""]
    if not last:
        return number, ""
    if THOUSANDS.fullmatch(number):
        if earlier or last == "'" or (decimal and last != CHARACTERS[decimal]):
            return number.replace(last, ""), ""
        if not decimal:
            return None
    whole, _, decimals = number.rpartition(last)
    if last == "'" or (earlier and not (last not in earlier and THOUSANDS.fullmatch(whole))):
        return None
    return re.sub("[.,']", "", whole), decimals


def settle_values(reading: Reading, decimal: DecimalMark | None) -> Reading:
    """Return the reading with its value and those of its lines."""
    lines = tuple(replace(line, value=find_value(line.written, decimal)) for line in reading.lines)
    return replace(reading, lines=lines, value=lines[0].value if len(lines) == 1 else None)


def surrounding_box(parts: Sequence[Glyph | Sign]) -> Box:
    """Return the smallest box around glyphs and signs."""
    left, top = min(part.box.x for part in parts), min(part.box.y for part in parts)
    right = max(part.box.x + part.box.width for part in parts)
    bottom = max(part.box.y + part.box.height for part in parts)
    return Box(left, top, right - left, bottom - top)
