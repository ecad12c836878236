"""What a person does to many of their pictures at once."""

import uuid
from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import User
from django.utils import timezone

from recognizer import selectors
from recognizer.models import Prediction, Upload
from recognizer.pages import Order, Page, moment, page_of

PAGE_SIZE = 48
NEWEST_FIRST = Order("given_at", descending=True, parse=moment)


def history_page(user: User, *, cursor: str) -> Page[Prediction]:
    return page_of(selectors.history_for(user), NEWEST_FIRST, cursor=cursor, size=PAGE_SIZE)


def delete_uploads(user: User, ids: Iterable[uuid.UUID]) -> datetime:
    """Hide pictures from their owner; the moment is what brings them back. The purge removes them for good later."""
    now = timezone.now()
    selectors.uploads_for(user).filter(pk__in=list(ids)).update(deleted_at=now)
    return now


def bring_back(user: User, deleted_at: datetime) -> int:
    """Undo one deletion, as long as the purge has not passed."""
    return Upload.objects.filter(owner=user, deleted_at=deleted_at).update(deleted_at=None)
