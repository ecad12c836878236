"""Actions on many of a user's uploads at once: delete, restore and correct them."""

import uuid
from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from recognizer import selectors
from recognizer.models import Audit, Prediction, Upload
from recognizer.problems import Problem
from recognizer.services.history.corrections import correct_each
from recognizer.services.quality.promises import update_promises

MAX_CORRECTED_AT_ONCE = 1000


def delete_uploads(user: User, ids: Iterable[uuid.UUID]) -> datetime:
    """Hide uploads from their owner until the purge removes them. Return the time, which identifies the deletion.

    Audits that waited for these pictures hold back the later ones no longer.
    """
    now = timezone.now()
    with transaction.atomic():
        selectors.uploads_for(user).filter(pk__in=ids).update(deleted_at=now)
        waited_for = Audit.objects.filter(owner=user.pk, is_right=None, prediction__upload__deleted_at=now)
        update_promises(waited_for.values_list("stream", flat=True))
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
