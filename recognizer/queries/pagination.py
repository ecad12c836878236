"""Cursor pagination. A cursor names a row, so a page stays the same while new rows arrive before it."""

import base64
import binascii
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _

from recognizer.problems import Problem

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class SortOrder:
    """An order by one column, with the key as tie-breaker. `parse` reads the column's value from a cursor."""

    column: str
    descending: bool
    parse: Callable[[str], Any]

    @property
    def columns(self) -> tuple[str, str]:
        sign = "-" if self.descending else ""
        return f"{sign}{self.column}", f"{sign}id"

    def after(self, value: Any, key: str, *, backwards: bool) -> Q:
        """Return the condition for rows that follow (or, backwards, precede) the row with this value and key."""
        comparison = "lt" if self.descending != backwards else "gt"
        # An index can seek the first condition only; both together are exact.
        return Q(**{f"{self.column}__{comparison}e": value}) & (
            Q(**{f"{self.column}__{comparison}": value}) | Q(**{self.column: value, f"id__{comparison}": key})
        )


def parse_datetime(text: str) -> datetime:
    """Return the ISO datetime in UTC. Raise ValueError or OverflowError for anything else, such as a forged cursor or
    a datetime without a time zone."""
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError("The datetime has no time zone.")
    return value.astimezone(UTC)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """The rows of one page and the cursors of its neighbours."""

    rows: list[Row]
    newer: str  # cursor of the previous page; empty if there is none
    older: str  # cursor of the next page; empty if there is none


def fetch_page(rows: QuerySet[Row], order: SortOrder, *, cursor: str, size: int) -> Page[Row]:
    """Return the page at the cursor, the first one for an empty cursor. Raise a Problem for a forged cursor."""
    backwards, place = _decode(cursor) if cursor else (False, None)
    ordered = rows.order_by(*order.columns)
    if place:
        try:
            ordered = ordered.filter(order.after(order.parse(place[0]), place[1], backwards=backwards))
        except (ValueError, TypeError, OverflowError) as error:
            raise _unknown_page() from error
    fetched = list((ordered.reverse() if backwards else ordered)[: size + 1])
    has_more, fetched = len(fetched) > size, fetched[:size]
    if backwards:
        fetched.reverse()
    has_newer, has_older = (has_more, True) if backwards else (place is not None, has_more)
    return Page(
        fetched,
        newer=_encode(order, fetched[0], backwards=True) if fetched and has_newer else "",
        older=_encode(order, fetched[-1], backwards=False) if fetched and has_older else "",
    )


def _encode(order: SortOrder, row: Model, *, backwards: bool) -> str:
    value = getattr(row, order.column)
    text = value.isoformat() if hasattr(value, "isoformat") else repr(value)
    return base64.urlsafe_b64encode(json.dumps([backwards, text, str(row.pk)]).encode()).decode()


def _decode(cursor: str) -> tuple[bool, tuple[str, str]]:
    try:
        backwards, value, key = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        return bool(backwards), (str(value), str(uuid.UUID(key)))
    except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError) as error:
        raise _unknown_page() from error


def _unknown_page() -> Problem:
    return Problem("bad_request", _("This page of the list does not exist. Start from the first page."))
