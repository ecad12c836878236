"""What a person does to many of their pictures at once."""

import uuid
from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognizer import selectors
from recognizer.models import Prediction, Upload
from recognizer.pagination import Page, SortOrder, fetch_page, parse_datetime
from recognizer.problems import Problem
from recognizer.services.history.corrections import correct_each

PAGE_SIZE = 48
NEWEST_FIRST = SortOrder("given_at", descending=True, parse=parse_datetime)
ORDERS = {
    "-given_at": (_("Newest first"), NEWEST_FIRST),
    "given_at": (_("Oldest first"), SortOrder("given_at", descending=False, parse=parse_datetime)),
    "confidence": (_("Lowest confidence first"), SortOrder("confidence", descending=False, parse=float)),
    "-confidence": (_("Highest confidence first"), SortOrder("confidence", descending=True, parse=float)),
}
LAST_DELETED_FIRST = SortOrder("deleted_at", descending=True, parse=parse_datetime)
MOST_CORRECTED_AT_ONCE = 1000


def history_page(rows: QuerySet[Prediction], *, order: str = "-given_at", cursor: str = "") -> Page[Prediction]:
    return fetch_page(rows, ORDERS[order][1], cursor=cursor, size=PAGE_SIZE)


def deleted_page(user: User, *, cursor: str = "") -> Page[Upload]:
    """What can be brought back, each with the answer that the history showed."""
    rows = selectors.with_answer(selectors.deleted_uploads_for(user)).defer("strokes")
    return fetch_page(rows, LAST_DELETED_FIRST, cursor=cursor, size=PAGE_SIZE)


def delete_uploads(user: User, ids: Iterable[uuid.UUID]) -> datetime:
    """Hide pictures from their owner; the moment names the deletion. The purge removes them for good later."""
    now = timezone.now()
    selectors.uploads_for(user).filter(pk__in=ids).update(deleted_at=now)
    return now


def deleted_at_once(user: User, deleted_at: datetime) -> QuerySet[Upload]:
    """What one deletion hid and the purge has not removed yet."""
    return selectors.deleted_uploads_for(user).filter(deleted_at=deleted_at)


def bring_back(deleted: QuerySet[Upload]) -> int:
    """Show pictures to their owner again."""
    return deleted.update(deleted_at=None)


def correct_many(rows: QuerySet[Prediction], *, by: User, kind: str, text: str = "") -> int:
    """The same said of each: that it was read rightly, that it holds no digit, or what it says. All or none."""
    predictions = list(selectors.with_glyphs(rows)[: MOST_CORRECTED_AT_ONCE + 1])
    if len(predictions) > MOST_CORRECTED_AT_ONCE:
        raise Problem(
            "invalid",
            _("Select at most %(most_corrected_at_once)s pictures.")
            % {"most_corrected_at_once": MOST_CORRECTED_AT_ONCE},
        )
    correct_each(predictions, by=by, kind=kind, text=text)
    return len(predictions)
