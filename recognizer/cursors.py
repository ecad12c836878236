"""Pages of a long list that cost the same wherever they are, and stay where they are while rows arrive."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import DateTimeField, Model, Q, QuerySet

from recognizer.problems import Problem

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    rows: Sequence[Row]
    following: str | None  # cursors
    preceding: str | None


def page_of(rows: "QuerySet[Row]", *, order: str, size: int, cursor: str = "") -> "Page[Row]":
    """`order` names the column, with a minus sign for the greatest first; the key decides between equals."""
    column, descending = order.lstrip("-"), order.startswith("-")
    place = _decoded(cursor, rows.model, column) if cursor else None
    backwards = place is not None and place[2]
    rows = rows.order_by(*_columns(column, descending != backwards))
    if place:
        rows = rows.filter(_beyond(column, place[0], place[1], descending != backwards))
    found = list(rows[: size + 1])
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    after = found and (more or backwards) and _encoded(found[-1], column, backwards=False)
    before = found and (more if backwards else place is not None) and _encoded(found[0], column, backwards=True)
    return Page(found, after or None, before or None)


def _columns(column: str, descending: bool) -> tuple[str, str]:
    sign = "-" if descending else ""
    return f"{sign}{column}", f"{sign}id"


def _beyond(column: str, value: Any, key: UUID, descending: bool) -> Q:
    """The first condition alone bounds the index; the second decides between rows of the same value."""
    way = "lt" if descending else "gt"
    return Q(**{f"{column}__{way}e": value}) & (Q(**{f"{column}__{way}": value}) | Q(**{f"id__{way}": key}))


def _encoded(row: Model, column: str, *, backwards: bool) -> str:
    place = json.dumps([getattr(row, column), row.pk, backwards], cls=PlaceEncoder)
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


class PlaceEncoder(DjangoJSONEncoder):
    """DjangoJSONEncoder cuts microseconds off, and with them rows off the list."""

    def default(self, value: Any) -> Any:
        return value.isoformat() if isinstance(value, datetime) else super().default(value)


def _decoded(cursor: str, model: type[Model], column: str) -> tuple[Any, UUID, bool]:
    try:
        value, key, backwards = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        place = (_typed(value, model, column), UUID(key), bool(backwards))
    except (binascii.Error, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise Problem("invalid", "This cursor is not one that the list gave.") from error
    return place


def _typed(value: Any, model: type[Model], column: str) -> Any:
    if isinstance(model._meta.get_field(column), DateTimeField):
        return datetime.fromisoformat(value).astimezone(UTC)
    return float(value)
