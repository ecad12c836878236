"""Retention of pictures: they are removed after some days with everything made from them, and their readings stay.

What is left of an upload are its answers, with the places and probabilities of the digits, and its corrections. Such an
upload has no original. It is not read again, and is in no training data.
"""

import time
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from recognizer.models import FeatureMap, Glyph, Job, Preferences, Upload
from recognizer.services.account_state import owners_being_deleted
from recognizer.services.quality.promises import stop_waiting_for
from recognizer.services.space.purge import CHUNK_SIZE, delete_files_on_commit
from recognizer.services.space.quotas import add_bytes, lock_usage
from recognizer.services.space.recount import count_derived
from recognizer.services.work import jobs


def remove_old_pictures(seconds: float = float("inf")) -> int:
    """Remove the pictures that are older than the installation or their owner allows, and return their number.

    What does not fit into the time is left for the next call. Accounts that are being deleted lose theirs otherwise.
    """
    ends_at = time.monotonic() + seconds
    removed = 0
    for uploads, days in _limits():
        rows = uploads.exclude(original="").filter(created_at__lt=timezone.now() - timedelta(days=days))
        rows = rows.exclude(owner_id__in=owners_being_deleted()).order_by("created_at", "id")
        last = None
        while time.monotonic() < ends_at:
            later = rows.filter(created_at__gte=last.created_at) if last else rows  # skips what was removed before
            if not (chunk := list(later.only("owner", "created_at")[:CHUNK_SIZE])):
                break
            removed += remove_pictures(chunk)
            last = chunk[-1]
    return removed


def _limits() -> list[tuple[QuerySet[Upload], int]]:
    """Return the uploads that have a limit of their age, in days."""
    limits = [(Upload.objects.filter(owner=row.user_id), row.pictures_kept_days or 0) for row in _choices()]
    if settings.PICTURES_KEPT_DAYS:
        limits.append((Upload.objects.all(), settings.PICTURES_KEPT_DAYS))
    return limits


def _choices() -> QuerySet[Preferences]:
    return Preferences.objects.filter(pictures_kept_days__isnull=False).only("pictures_kept_days")


def remove_pictures(uploads: Sequence[Upload]) -> int:
    """Remove the files of some uploads, and the inputs of their glyphs. Return how many uploads had a picture."""
    with transaction.atomic():
        lock_usage(upload.owner_id for upload in uploads)
        ids = [upload.pk for upload in uploads]
        locked = Upload.objects.filter(pk__in=ids).exclude(original="").select_for_update().order_by("pk")
        rows = {upload.pk: upload for upload in locked}
        names = [file.name for row in rows.values() for file in (row.original, row.picture, row.thumbnail) if file]
        maps = FeatureMap.objects.filter(glyph__prediction__upload__in=rows)
        names += maps.exclude(image="").values_list("image", flat=True)
        jobs.cancel_jobs(Job.objects.filter(kind=Job.Kind.FEATURE_MAPS, prediction__upload__in=rows))
        maps.delete()
        Glyph.objects.filter(prediction__upload__in=rows).update(input=b"")
        before = {pk: row.stored_bytes for pk, row in rows.items()}
        Upload.objects.filter(pk__in=rows).update(original="", picture="", thumbnail="", strokes=None, bytes=0)
        rows = {upload.pk: upload for upload in Upload.objects.filter(pk__in=rows)}
        sizes = count_derived(rows)
        for pk, row in rows.items():
            Upload.objects.filter(pk=pk).update(derived_bytes=sizes[pk])
            add_bytes(row.owner_id, sizes[pk] - before[pk])
        stop_waiting_for(Upload.objects.filter(pk__in=rows), {row.owner_id for row in rows.values()})
        delete_files_on_commit(names)
    return len(rows)
