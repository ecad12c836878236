"""Cursor pages: a place in a list that stays where it is while new rows arrive at its head."""

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
class Order:
    """By one column and, for rows that share a value, by the key; `parse` reads the column's value back."""

    column: str
    descending: bool
    parse: Callable[[str], Any]

    @property
    def columns(self) -> tuple[str, str]:
        sign = "-" if self.descending else ""
        return f"{sign}{self.column}", f"{sign}id"

    def after(self, value: Any, key: str, *, backwards: bool) -> Q:
        way = "lt" if self.descending != backwards else "gt"
        # The first half alone is what an index can seek; together they are the row's exact place.
        return Q(**{f"{self.column}__{way}e": value}) & (
            Q(**{f"{self.column}__{way}": value}) | Q(**{self.column: value, f"id__{way}": key})
        )


def moment(text: str) -> datetime:
    """From an address, which may be forged. ValueError or OverflowError for what is none, has no zone, or lies off the
    calendar's ends once it is in UTC."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("A moment without a zone.")
    return found.astimezone(UTC)


@dataclass(frozen=True)
class Page(Generic[Row]):
    rows: list[Row]
    newer: str  # cursor of the page before, or empty
    older: str  # cursor of the page after, or empty


def page_of(rows: QuerySet[Row], order: Order, *, cursor: str, size: int) -> Page[Row]:
    backwards, place = _decode(cursor) if cursor else (False, None)
    ordered = rows.order_by(*order.columns)
    if place:
        try:
            ordered = ordered.filter(order.after(order.parse(place[0]), place[1], backwards=backwards))
        except (ValueError, TypeError, OverflowError) as error:
            raise Problem("bad_request", _("This page of the list does not exist.")) from error
    found = list((ordered.reverse() if backwards else ordered)[: size + 1])
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    has_newer, has_older = (more, True) if backwards else (place is not None, more)
    return Page(
        found,
        newer=_encode(order, found[0], backwards=True) if found and has_newer else "",
        older=_encode(order, found[-1], backwards=False) if found and has_older else "",
    )


def _encode(order: Order, row: Model, *, backwards: bool) -> str:
    value = getattr(row, order.column)
    text = value.isoformat() if hasattr(value, "isoformat") else repr(value)
    return base64.urlsafe_b64encode(json.dumps([backwards, text, str(row.pk)]).encode()).decode()


def _decode(cursor: str) -> tuple[bool, tuple[str, str]]:
    try:
        backwards, value, key = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        return bool(backwards), (str(value), str(uuid.UUID(key)))
    except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError) as error:
        raise Problem("bad_request", _("This page of the list does not exist.")) from error
