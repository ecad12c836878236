"""The fields of an expectation as texts, under the names that commands, requests and presets share."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from mlcore.reading.expectations.expectation import Expectation, Previous, Range, find_check
from mlcore.reading.expectations.patterns import Pattern
from mlcore.reading.result import SIGNS

FIELDS: Mapping[str, str] = {
    "digits": "number of digits, such as 5 or 3-6",
    "decimals": "number of decimals, such as 2 or 0-2",
    "sign": "whether a plus or minus may stand first: yes or no",
    "minimum": "the least value",
    "maximum": "the greatest value",
    "values": "the allowed written forms, separated by |",
    "pattern": "such as 99-99-9999; 9 is any digit, ? and * may follow",
    "check": "luhn, gtin, isbn, iso7064-11-2, iso7064-11-10, iso7064-97-10 or weights:3,1,3 mod 10",
    "previous": "the value before, below which the new one does not fall",
    "step": "how far it may be above the previous value",
    "wraps_at": "the value at which the counter starts again at 0",
}
FROM_PREVIOUS = ("step", "wraps_at")  # fields that mean nothing without a previous value
MAX_LENGTH = 20_000  # of one field: the values of a long list
WRITTEN_CHARACTERS = frozenset("0123456789 ").union(SIGNS)
_NUMBER = re.compile(r"-?[0-9]{1,20}([.,][0-9]{1,12})?")
_GROUPED = re.compile(r"-?[1-9][0-9]{0,2},[0-9]{3}")  # a comma before decimals, or one between thousands
_COUNTS = re.compile(r"([0-9]{1,2})(?:-([0-9]{1,2}))?")


class ExpectationError(ValueError):
    """A field that is wrong, and why, in words that can be shown."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field, self.detail = field, detail


def parse_expectation(fields: Mapping[str, str]) -> Expectation | None:
    """Return the expectation of these fields, or None where all are empty. Raise ExpectationError for a wrong one."""
    given = _clean(fields)
    for name, text in given.items():
        if name not in FIELDS:
            raise ExpectationError(name, f"There is no such field. There are: {', '.join(FIELDS)}.")
        if len(text) > MAX_LENGTH:
            raise ExpectationError(name, f"At most {MAX_LENGTH:,} characters are allowed.")
    if not given:
        return None
    for name in FROM_PREVIOUS:
        if name in given and "previous" not in given:
            raise ExpectationError(name, "It needs a previous value.")
    parts: dict[str, Any] = {}
    for name, text in given.items():
        with _errors_of(name):
            parts[name] = PARSERS[name](text)
    if "previous" in parts:
        parts["previous"] = _previous(parts["previous"], parts.pop("step", None), parts.pop("wraps_at", None))
    if "sign" in parts:
        parts["may_have_sign"] = parts.pop("sign")
    for name, part in parts.items():
        with _errors_of(name):
            Expectation(**{name: part})
    with _errors_of("maximum"):  # the only one that depends on another
        return Expectation(**parts)


def merge_fields(first: Mapping[str, str], second: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of two expectations, those of the second in place of the first's. An empty one removes a field.

    A largest step of the first waits for a previous value, and is left out where neither has one.
    """
    merged = _clean({**first, **second})
    if "previous" not in merged:
        return {name: text for name, text in merged.items() if name not in FROM_PREVIOUS or name in second}
    return merged


def check_fields(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the fields that are not empty as they are stored. Raise ExpectationError for a wrong one.

    A largest step may stand alone: a later request brings the previous value.
    """
    given = _clean(fields)
    parse_expectation({"previous": "0", **given} if given.keys() & set(FROM_PREVIOUS) else given)
    return given


def _clean(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the fields that are not empty, without spaces around them, and with a point before decimals."""
    given = {name: text.strip() for name, text in fields.items() if text.strip()}
    return {
        name: text.replace(",", ".") if PARSERS.get(name) is _number and _is_number(text) else text
        for name, text in given.items()
    }


def _is_number(text: str) -> bool:
    return bool(_NUMBER.fullmatch(text)) and not _GROUPED.fullmatch(text)


def expect_the_same(first: Mapping[str, str], second: Mapping[str, str]) -> bool:
    """Return whether two sets of valid fields expect the same, however they are written: `5` and `5-5`."""
    return _meaning(first) == _meaning(second)


def _meaning(fields: Mapping[str, str]) -> dict[str, Any]:
    parts = {name: PARSERS[name](text) for name, text in fields.items()}
    return {name: part for name, part in parts.items() if name != "sign" or not part}  # a sign may stand without it


def known_decimals(fields: Mapping[str, str]) -> int | None:
    """Return the number of decimals if these valid fields expect exactly one, else None."""
    counts = _counts(fields["decimals"]) if "decimals" in fields else None
    return counts.least if counts and counts.least == counts.most else None


@contextmanager
def _errors_of(name: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise ExpectationError(name, str(error)) from error


def _previous(value: Decimal, step: Decimal | None, wraps_at: Decimal | None) -> Previous:
    with _errors_of("previous"):
        Previous(value)
    with _errors_of("step"):
        Previous(value, step)
    with _errors_of("wraps_at"):
        return Previous(value, step, wraps_at)


def _counts(text: str) -> Range:
    found = _COUNTS.fullmatch(text.replace(" ", ""))
    if not found:
        raise ValueError("Write a number such as 5, or two such as 3-6.")
    return Range(int(found[1]), int(found[2] or found[1]))


def _yes_or_no(text: str) -> bool:
    if text.lower() not in ("yes", "no", "true", "false"):
        raise ValueError("Write yes or no.")
    return text.lower() in ("yes", "true")


def _number(text: str) -> Decimal:
    if _GROUPED.fullmatch(text):
        whole = text.replace(",", "")
        raise ValueError(f"{text} can mean two numbers. Write {whole}, or {text}0 if the comma stands before decimals.")
    if not _is_number(text):
        raise ValueError("Write a number such as 12, -0.5 or -0,5.")
    return Decimal(text.replace(",", "."))


def _values(text: str) -> frozenset[str]:
    values = frozenset(value.strip() for value in text.split("|") if value.strip())
    if not values:
        raise ValueError("Write at least one number.")
    if not all(set(value) <= WRITTEN_CHARACTERS for value in values):
        raise ValueError(f"A number is written with digits, spaces and the signs {' '.join(SIGNS)}.")
    return values


PARSERS: Mapping[str, Callable[[str], object]] = {
    "digits": _counts,
    "decimals": _counts,
    "sign": _yes_or_no,
    "minimum": _number,
    "maximum": _number,
    "values": _values,
    "pattern": Pattern,
    "check": find_check,
    "previous": _number,
    "step": _number,
    "wraps_at": _number,
}
