"""Pages of a user's history and of their deleted uploads."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import QuerySet, Subquery, UUIDField

from recognizer.models import Prediction, Upload
from recognizer.queries import selectors
from recognizer.queries.filters import ORDERS
from recognizer.queries.pagination import Page, SortOrder, fetch_page, parse_datetime

PAGE_SIZE = 48
LAST_DELETED_FIRST = SortOrder("deleted_at", descending=True, parse=parse_datetime)


def history_page(rows: QuerySet[Prediction], *, order: str = "-given_at", cursor: str = "") -> Page[Prediction]:
    return fetch_page(rows, ORDERS[order][1], cursor=cursor, size=PAGE_SIZE)


def deleted_page(user: User, *, cursor: str = "") -> Page[Upload]:
    """Return a page of the uploads that the user can restore, each with its current prediction."""
    rows = selectors.with_current_prediction(selectors.deleted_uploads_for(user)).defer("strokes")
    return fetch_page(rows, LAST_DELETED_FIRST, cursor=cursor, size=PAGE_SIZE)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The uploads before and after one in the history, newest first."""

    newer: UUID | None
    older: UUID | None


def neighbours_of(user: User, prediction: Prediction) -> Neighbours:
    """Return the neighbours of the prediction's upload in the whole history."""
    order = ORDERS["-given_at"][1]
    current = selectors.predictions_for(user).filter(is_current=True).exclude(upload=prediction.upload_id)

    def nearest(backwards: bool) -> Subquery:
        rows = current.filter(order.after(prediction.given_at, str(prediction.pk), backwards=backwards))
        rows = rows.order_by(*order.columns)
        return Subquery((rows.reverse() if backwards else rows).values("upload")[:1], output_field=UUIDField())

    newer, older = (
        selectors.predictions_for(user).filter(pk=prediction.pk).values_list(nearest(True), nearest(False))[0]
    )
    return Neighbours(newer, older)
