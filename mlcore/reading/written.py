"""The written form of a number, which is its digits and signs as they stand, and the value that it means."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal, Protocol

from mlcore.reading.result import Box, Reading

DecimalMark = Literal["point", "comma"]
DecimalRule = DecimalMark | int  # the decimal mark, or a known number of decimals

DECIMAL_MARKS: tuple[DecimalMark, ...] = ("point", "comma")
CHARACTERS: dict[DecimalMark, str] = {"point": ".", "comma": ","}
_NUMBER = re.compile(
    r"(?P<sign>[-+]?) ?(?P<prefix>[€$£]?) ?(?P<inner_sign>[-+]?) ?"
    r"(?P<body>[.,]?[0-9](?:[0-9.,' ]*[0-9])?)"
    r"(?P<end>[.,]?|[.,]--?) ?(?P<suffix>[€$£%]?)"  # an amount may end in `.-`, so that nobody can append digits
)
_MAY_BE_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
_INDIAN = re.compile(r"[1-9][0-9]?(,[0-9]{2})+,[0-9]{3}")  # 12,34,567


class PlacedSign(Protocol):
    """A sign and its place among the digits of its line."""

    @property
    def sign(self) -> str: ...

    @property
    def before_glyph(self) -> int: ...  # index of the digit that follows; the number of digits at the end


class Boxed(Protocol):
    """A glyph or a sign, of a reading or stored."""

    @property
    def box(self) -> Box: ...


def digits_of(written: str) -> str:
    """Return the digits of a written form without its signs. Lines without a digit are left out."""
    lines = ("".join(re.findall("[0-9]", line)) for line in written.split("\n"))
    return "\n".join(filter(None, lines))


def write_number(digits: str, signs: Iterable[PlacedSign]) -> str:
    """Return the digits of one line with their signs, which come in reading order."""
    parts, end = [], 0
    for sign in signs:
        parts += [digits[end : sign.before_glyph], sign.sign]
        end = sign.before_glyph
    return "".join([*parts, digits[end:]])


def find_value(written: str, decimal: DecimalRule | None = None) -> str | None:
    """Return the number that a written form means as a decimal string such as `-12.50`, or None where it means none.

    Dates, times, fractions and groups of digits mean no number. Where a point or a comma may separate thousands as
    well as decimals (1.234), `decimal` tells which it is; without it there is no value. A number before a percent
    sign is returned as it stands.
    """
    found = _NUMBER.fullmatch(written)
    if found is None or (found["sign"] and found["inner_sign"]) or (found["prefix"] and found["suffix"]):
        return None
    parts = _split_decimals(found["body"], decimal)
    if parts is None or (parts[1] and len(found["end"]) > 1):
        return None
    whole, decimals = parts
    is_negative = "-" in (found["sign"], found["inner_sign"]) and (whole + decimals).strip("0")
    return ("-" if is_negative else "") + (whole.lstrip("0") or "0") + ("." + decimals if decimals else "")


def settle_values(reading: Reading, decimal: DecimalRule | None) -> Reading:
    """Return the reading with its value and those of its lines."""
    lines = tuple(replace(line, value=find_value(line.written, decimal)) for line in reading.lines)
    return replace(reading, lines=lines, value=lines[0].value if len(lines) == 1 else None)


def surrounding_box(parts: Sequence[Boxed]) -> Box:
    """Return the smallest box around glyphs and signs."""
    left, top = min(part.box.x for part in parts), min(part.box.y for part in parts)
    right = max(part.box.x + part.box.width for part in parts)
    bottom = max(part.box.y + part.box.height for part in parts)
    return Box(left, top, right - left, bottom - top)


def _split_decimals(body: str, decimal: DecimalRule | None) -> tuple[str, str] | None:
    """Return the digits before and behind the decimal mark, or None where the separators make no number."""
    marks = [character for character in body if character in ".,"]
    if not marks or (len(marks) > 1 and len(set(marks)) == 1):
        return _join_thousands(body, "")
    if len(marks) == 1 and _MAY_BE_THOUSANDS.fullmatch(body):
        if decimal is None:
            return None
        has_decimals = decimal == 3 if isinstance(decimal, int) else marks[0] == CHARACTERS[decimal]
        if not has_decimals:
            return _join_thousands(body, "")
    whole, _, decimals = body.rpartition(marks[-1])
    return _join_thousands(whole, decimals) if marks[-1] not in whole and decimals.isdigit() else None


def _join_thousands(whole: str, decimals: str) -> tuple[str, str] | None:
    """Return the whole part without its separators, or None unless they are of one kind and separate thousands."""
    separators = {character for character in whole if not character.isdigit()}
    if not separators:
        return whole, decimals
    separator = separators.pop()
    if separators or not (
        re.fullmatch(rf"[1-9][0-9]{{0,2}}({re.escape(separator)}[0-9]{{3}})+", whole) or _INDIAN.fullmatch(whole)
    ):
        return None
    return whole.replace(separator, ""), decimals
