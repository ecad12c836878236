"""What is removed for good, some time after nobody can see it any more."""

import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from operator import attrgetter

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from recognizer.models import Batch, BatchItem, FeatureMap, IdempotencyRecord, Upload, Usage
from recognizer.services.space.quotas import free_space

IDEMPOTENCY_KEPT = timedelta(hours=24)
OPEN_AT_MOST = timedelta(days=1)  # a batch whose sender went away
AT_ONCE = 200


def purge(seconds: float = float("inf")) -> int:
    """Deleted uploads past their time, with every file; answers how many uploads went. What does not fit into the
    time is left for the next call."""
    ends = time.monotonic() + seconds
    now = timezone.now()
    IdempotencyRecord.objects.filter(created_at__lt=now - IDEMPOTENCY_KEPT).delete()
    too_old = Upload.objects.filter(deleted_at__lt=now - timedelta(days=settings.DELETED_UPLOADS_KEPT_DAYS))
    gone = 0
    while time.monotonic() < ends and (uploads := list(too_old[:AT_ONCE])):
        gone += remove_uploads(uploads)
    forget_staged(now)
    Batch.objects.filter(closed_at=None, created_at__lt=now - OPEN_AT_MOST).update(closed_at=now)
    return gone


def forget_staged(now: datetime) -> None:
    """Files of a batch that were not read, kept a while so that they could be tried again."""
    unread = BatchItem.objects.filter(
        state__in=[BatchItem.State.FAILED, BatchItem.State.CANCELLED],
        batch__created_at__lt=now - timedelta(days=settings.DELETED_UPLOADS_KEPT_DAYS),
    ).exclude(staged="")
    while ids := list(unread.values_list("pk", flat=True)[:AT_ONCE]):
        with transaction.atomic():
            # Of several that purge at once, one still finds the file in the row, and that one frees its space.
            items = list(
                unread.filter(pk__in=ids).select_for_update(of=("self",)).order_by("pk").select_related("batch")
            )
            BatchItem.objects.filter(pk__in=[item.pk for item in items]).update(staged="")
            for item in items:
                size = item.staged.size if default_storage.exists(str(item.staged)) else 0
                free_space(item.batch.owner_id, pictures=1, size=size)
        delete_files([item.staged.name for item in items])


def remove_uploads(uploads: list[Upload]) -> int:
    """Rows first: a file without a row is rubbish that reconcile_media finds, a row without a file is a loss.
    Answers how many went."""
    with transaction.atomic():
        # Space before pictures, as whoever takes space locks them: otherwise two could wait for each other.
        list(Usage.objects.select_for_update().filter(user__in={u.owner_id for u in uploads}).order_by("user"))
        # Of several that remove them at once, one still finds the rows, and that one frees their space.
        deleted_at = {upload.pk: upload.deleted_at for upload in uploads}
        rows = Upload.objects.filter(pk__in=deleted_at).select_for_update().order_by("pk")
        # One that was brought back meanwhile stays.
        unchanged = (row for row in rows if row.deleted_at == deleted_at[row.pk])
        mine = sorted(unchanged, key=attrgetter("owner_id"))
        ids = [upload.pk for upload in mine]
        files = [file for upload in mine for file in (upload.original, upload.picture, upload.thumbnail)]
        names = [file.name for file in files if file.name]
        maps = FeatureMap.objects.filter(glyph__prediction__upload__in=ids).exclude(image="")
        names += maps.values_list("image", flat=True)
        Upload.objects.filter(pk__in=ids).delete()
        for owner_id, theirs in groupby(mine, attrgetter("owner_id")):
            sizes = [upload.bytes for upload in theirs]
            free_space(owner_id, pictures=len(sizes), size=sum(sizes))
        transaction.on_commit(partial(delete_files, names))
    return len(mine)


def delete_files(names: Iterable[str | None]) -> None:
    for name in names:
        if name:
            default_storage.delete(name)
