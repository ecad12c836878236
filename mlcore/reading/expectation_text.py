"""The fields of an expectation as texts, under the names that commands, requests and presets share."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from mlcore.reading.expectation import Expectation, Previous, Range, find_check
from mlcore.reading.patterns import Pattern

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
MAX_LENGTH = 20_000  # of one field: the values of a long list
_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,12})?")
_COUNTS = re.compile(r"([0-9]{1,2})(?:-([0-9]{1,2}))?")


class ExpectationError(ValueError):
    """A field that is wrong, and why, in words that can be shown."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field, self.detail = field, detail


def parse_expectation(fields: Mapping[str, str]) -> Expectation | None:
    """Return the expectation of these fields, or None where all are empty. Raise ExpectationError for a wrong one."""
    given = {name: text.strip() for name, text in fields.items() if text.strip()}
    for name, text in given.items():
        if name not in FIELDS:
            raise ExpectationError(name, f"There is no such field. There are: {', '.join(FIELDS)}.")
        if len(text) > MAX_LENGTH:
            raise ExpectationError(name, f"At most {MAX_LENGTH:,} characters are allowed.")
    if not given:
        return None
    for name in ("step", "wraps_at"):
        if name in given and "previous" not in given:
            raise ExpectationError(name, "It needs a previous value.")
    parts: dict[str, Any] = {}
    for name, text in given.items():
        with _errors_of(name):
            parts[name] = PARSERS[name](text)
    if "previous" in parts:
        with _errors_of("previous"):
            parts["previous"] = Previous(parts["previous"], parts.pop("step", None), parts.pop("wraps_at", None))
    if "sign" in parts:
        parts["may_have_sign"] = parts.pop("sign")
    with _errors_of(next(iter(given))):
        return Expectation(**parts)


@contextmanager
def _errors_of(name: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise ExpectationError(name, str(error)) from error


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
    if not _NUMBER.fullmatch(text):
        raise ValueError("Write a number such as 12 or -0.5, with a point.")
    return Decimal(text)


def _values(text: str) -> frozenset[str]:
    return frozenset(value.strip() for value in text.split("|") if value.strip())


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
