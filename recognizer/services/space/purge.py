"""The purge: deleted uploads are removed for good, with their files, after DELETED_UPLOADS_KEPT_DAYS.

An account whose quota is used up loses its deleted uploads earlier: see reservation.py.
"""

import logging
import time
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Least
from django.utils import timezone

from recognizer.models import Audit, Batch, BatchItem, FeatureMap, IdempotencyRecord, Job, Upload
from recognizer.services.space.quotas import free_space, lock_usage
from recognizer.services.space.sizes import ITEM_BYTES

logger = logging.getLogger(__name__)

IDEMPOTENCY_KEPT = timedelta(hours=24)
FINISHED_JOBS_KEPT = timedelta(days=30)
# Jobs of the other kinds belong to a prediction, a batch, an export or a training.
UNOWNED_KINDS = (Job.Kind.MAIL, Job.Kind.RESCORE, Job.Kind.ACCOUNT_DELETION)
MAX_BATCH_OPEN = timedelta(days=1)  # after that its sender is not expected to add files
CHUNK_SIZE = 200
ROWS_AT_ONCE = 1000  # without files


def purge(seconds: float = float("inf")) -> int:
    """Remove uploads that were deleted long ago, with their files, and return their number.

    Rows that have served their time are removed as well. What does not fit into the time is left for the next call.
    """
    ends_at = time.monotonic() + seconds
    now = timezone.now()
    expired = Upload.objects.filter(deleted_at__lt=now - timedelta(days=settings.DELETED_UPLOADS_KEPT_DAYS))
    removed = 0
    while time.monotonic() < ends_at and (uploads := list(expired[:CHUNK_SIZE])):
        removed += remove_uploads(uploads)
    purge_staged_files(now, ends_at)
    delete_in_parts(IdempotencyRecord.objects.filter(created_at__lt=now - IDEMPOTENCY_KEPT), ends_at)
    delete_in_parts(finished_jobs(now - FINISHED_JOBS_KEPT), ends_at)
    Batch.objects.filter(closed_at=None, created_at__lt=now - MAX_BATCH_OPEN).update(closed_at=now)
    return removed


def finished_jobs(before: datetime) -> QuerySet[Job]:
    """Return jobs that ended before this time and that nothing refers to."""
    ended = Job.objects.filter(finished_at__lt=before).exclude(state__in=[Job.State.WAITING, Job.State.RUNNING])
    return ended.filter(kind__in=UNOWNED_KINDS, prediction=None, batch=None)


def delete_in_parts(rows: QuerySet[Any], ends_at: float) -> int:
    """Delete rows in parts until the time is over, and return how many were deleted.

    One statement for all of them could hold SQLite's only writer for longer than others wait for it.
    """
    deleted: int = 0
    while True:
        keys = list(rows.values_list("pk", flat=True)[:ROWS_AT_ONCE])
        with transaction.atomic():
            # A job may be retried until the lock; then it stays. Rows that another transaction has locked are left for
            # the next call: to wait for them here could deadlock with a retry of many jobs.
            locked = rows.filter(pk__in=keys).select_for_update(skip_locked=True).values_list("pk", flat=True)
            count, _by_model = rows.model._default_manager.filter(pk__in=list(locked)).delete()
            deleted += count
        if len(keys) < ROWS_AT_ONCE or not count or time.monotonic() > ends_at:
            return deleted


def purge_staged_files(now: datetime, ends_at: float) -> None:
    """Remove files of failed and cancelled batch items, which are kept for a while so that they can be retried."""
    unread = BatchItem.objects.filter(
        state__in=[BatchItem.State.FAILED, BatchItem.State.CANCELLED],
        batch__created_at__lt=now - timedelta(days=settings.DELETED_UPLOADS_KEPT_DAYS),
    ).exclude(staged="")
    while time.monotonic() < ends_at and (ids := list(unread.values_list("pk", flat=True)[:CHUNK_SIZE])):
        with transaction.atomic():
            # The lock makes only one of several parallel purges find the file in the row and free its space.
            items = list(
                unread.filter(pk__in=ids).select_for_update(of=("self",)).order_by("pk").select_related("batch")
            )
            BatchItem.objects.filter(pk__in=[item.pk for item in items]).update(
                staged="", bytes=Least(F("bytes"), ITEM_BYTES)
            )
            for item in items:
                free_space(item.batch.owner_id, pictures=1, size=max(item.bytes - ITEM_BYTES, 0))
        delete_files([item.staged.name for item in items])


def remove_uploads(uploads: list[Upload]) -> int:
    """Remove uploads with their files and return how many were removed.

    Rows go first: reconcile_media finds a file without a row, but a row without its file is a loss.
    """
    with transaction.atomic():
        # Lock usage before uploads, in the order of reserve_space; another order could deadlock.
        lock_usage(upload.owner_id for upload in uploads)
        # The lock makes only one of several parallel removals find the rows and free their space.
        deleted_at = {upload.pk: upload.deleted_at for upload in uploads}
        rows = Upload.objects.filter(pk__in=deleted_at).select_for_update().order_by("pk")
        # An upload that was restored in the meantime stays.
        unchanged = (row for row in rows if row.deleted_at == deleted_at[row.pk])
        removable = sorted(unchanged, key=attrgetter("owner_id"))
        ids = [upload.pk for upload in removable]
        files = [file for upload in removable for file in (upload.original, upload.picture, upload.thumbnail)]
        names = [file.name for file in files if file.name]
        maps = FeatureMap.objects.filter(glyph__prediction__upload__in=ids).exclude(image="")
        names += maps.values_list("image", flat=True)
        keep_verdicts(ids)
        Upload.objects.filter(pk__in=ids).delete()
        for owner_id, owned in groupby(removable, attrgetter("owner_id")):
            sizes = [upload.stored_bytes for upload in owned]
            free_space(owner_id, pictures=len(sizes), size=sum(sizes))
        delete_files_on_commit(names)
    return len(removable)


def keep_verdicts(upload_ids: Collection[UUID]) -> None:
    """Keep only the verdicts of the audits of these pictures, which are about to be removed."""
    audits = Audit.objects.filter(prediction__upload__in=upload_ids)
    audits.filter(is_right=None).delete()
    audits.update(text="")


def delete_files_on_commit(names: Iterable[str | None]) -> None:
    """Delete files once the removal of their rows is committed. An error then stops nothing else that waits for it."""
    kept = [*names]

    def delete() -> None:  # not a partial, of which Django cannot log the name
        delete_files(kept)

    transaction.on_commit(delete, robust=True)


def delete_files(names: Iterable[str | None]) -> None:
    """Delete files whose rows are gone. What cannot be deleted now is removed later by reconcile_media."""
    try:
        for name in names:
            if name:
                default_storage.delete(name)
    except OSError as error:
        logger.warning("Files of removed rows are left for reconcile_media: %s", error)
