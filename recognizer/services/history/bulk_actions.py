"""Actions on many of a user's uploads at once: delete, restore and correct them."""

import uuid
from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from recognizer.models import Prediction, Upload
from recognizer.problems import Problem
from recognizer.queries import selectors
from recognizer.services.history.correction_lock import lock_corrections
from recognizer.services.history.corrections import correct_each
from recognizer.services.quality.promises import stop_waiting_for

MAX_CORRECTED_AT_ONCE = 1000


def delete_uploads(user: User, ids: Iterable[uuid.UUID]) -> datetime:
    """Hide uploads from their owner until the purge removes them. Return the time, which identifies the deletion.

    Corrections of several pictures lock a stream before the next picture, and a deletion locks pictures before streams.
    On PostgreSQL the two would wait for each other without the lock of corrections.
    """
    now = timezone.now()
    with lock_corrections([user.pk]):
        selectors.uploads_for(user).filter(pk__in=ids).update(deleted_at=now)
        stop_waiting_for(Upload.objects.filter(owner=user.pk, deleted_at=now), [user.pk])
    return now


def uploads_deleted_at(user: User, deleted_at: datetime) -> QuerySet[Upload]:
    """Return the uploads of one deletion that the purge has not removed yet."""
    return selectors.deleted_uploads_for(user).filter(deleted_at=deleted_at)


def restore_uploads(deleted: QuerySet[Upload]) -> int:
    """Show deleted uploads to their owner again. Return their number."""
    return deleted.update(deleted_at=None)


def correct_predictions(rows: QuerySet[Prediction], *, by: User, kind: str, written: str = "") -> int:
    """Append the same correction to all predictions, or to none if one is invalid. Return their number."""
    predictions = list(selectors.with_glyphs(rows)[: MAX_CORRECTED_AT_ONCE + 1])
    if len(predictions) > MAX_CORRECTED_AT_ONCE:
        raise Problem("invalid", _("Select at most %(count)s pictures.") % {"count": MAX_CORRECTED_AT_ONCE})
    correct_each(predictions, by=by, kind=kind, written=written)
    return len(predictions)
