"""Recount of what accounts store, from their rows and files. It corrects usages that have drifted from the truth.

Files are measured without any lock. A number is corrected only if nobody has changed it in the meantime.
"""

import random
import time
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Count, Sum

from recognizer.models import BatchItem, Correction, FeatureMap, Prediction, Upload, Usage
from recognizer.services.space.quotas import count_stored, lock_usage
from recognizer.services.space.sizes import ITEM_BYTES, correction_bytes, json_bytes, prediction_bytes
from recognizer.services.space.superseded_maps import remove_superseded_maps

CHUNK_SIZE = 50  # each upload may have a megabyte of strokes


@dataclass
class RecountReport:
    """The counts of what a recount has checked and corrected."""

    uploads: int = 0
    corrected_uploads: int = 0
    removed_maps: int = 0
    accounts: set[int] = field(default_factory=set)
    corrections: dict[int, tuple[int, int]] = field(default_factory=dict)  # of usages: bytes before and after


def recount(*, owner_id: int | None = None, seconds: float | None = None) -> RecountReport:
    """Recount one account or all of them, and correct what differs.

    With `seconds`, begin at a random upload and check as many as the time allows, so that repeated calls cover all.
    """
    report = RecountReport()
    ends_at = time.monotonic() + (seconds if seconds is not None else float("inf"))
    first = uuid.UUID(int=random.getrandbits(128)) if seconds is not None else uuid.UUID(int=0)
    for uploads in chunks_of_uploads(owner_id, first):
        recount_uploads(uploads, report)
        if time.monotonic() > ends_at:
            break
    owners = {owner_id} if owner_id is not None else report.accounts
    if seconds is None and owner_id is None:
        owners = owners | set(Usage.objects.values_list("user", flat=True))
    for owner in sorted(owners):
        recount_usage(owner, report)
    return report


def chunks_of_uploads(owner_id: int | None, first: UUID) -> Iterator[list[Upload]]:
    """Yield the uploads with keys from `first` on, a few at a time."""
    rows = Upload.objects.all() if owner_id is None else Upload.objects.filter(owner=owner_id)
    rows = rows.defer("strokes").order_by("pk")
    chunk = list(rows.filter(pk__gte=first)[:CHUNK_SIZE])
    while chunk:
        yield chunk
        chunk = list(rows.filter(pk__gt=chunk[-1].pk)[:CHUNK_SIZE])


def recount_uploads(uploads: list[Upload], report: RecountReport) -> None:
    """Remove the superseded feature maps of some uploads, and correct the bytes of what was made from them."""
    ids = [upload.pk for upload in uploads]
    with transaction.atomic():
        lock_usage(upload.owner_id for upload in uploads)
        report.removed_maps += remove_superseded_maps(ids)
    measure_maps(ids)
    before = {upload.pk: upload for upload in Upload.objects.filter(pk__in=ids).defer("strokes")}
    sizes = count_derived(before)
    for pk, upload in before.items():
        report.uploads += 1
        report.accounts.add(upload.owner_id)
        if sizes[pk] != upload.derived_bytes:
            unchanged = Upload.objects.filter(pk=pk, derived_bytes=upload.derived_bytes)
            report.corrected_uploads += unchanged.update(derived_bytes=sizes[pk])


def measure_maps(upload_ids: Collection[UUID]) -> None:
    """Note the sizes of feature maps that an earlier release has drawn."""
    unknown = FeatureMap.objects.filter(glyph__prediction__upload__in=upload_ids, bytes=0).exclude(image="")
    for feature_map in unknown.only("image"):
        FeatureMap.objects.filter(pk=feature_map.pk, bytes=0).update(bytes=stored_size(feature_map.image.name))


def count_derived(uploads: dict[UUID, Upload]) -> dict[UUID, int]:
    """Return the bytes of what was made from each upload."""
    sizes: defaultdict[UUID, int] = defaultdict(int)
    for pk, upload in uploads.items():
        sizes[pk] += stored_size(upload.picture.name) + stored_size(upload.thumbnail.name)
    drawings = Upload.objects.filter(pk__in=uploads).exclude(strokes=None).values_list("pk", "strokes")
    for pk, strokes in drawings.iterator(10):
        sizes[pk] += json_bytes(strokes)
    predictions = Prediction.objects.filter(upload__in=uploads).order_by()
    counted = predictions.annotate(glyph_count=Count("glyphs"))
    for pk, glyphs, expected, *parts in counted.values_list(
        "upload", "glyph_count", "expected", "signs", "unread", "lines"
    ):
        sizes[pk] += prediction_bytes(glyphs, sum(map(len, parts))) + json_bytes(expected)
    maps = FeatureMap.objects.filter(glyph__prediction__upload__in=uploads).order_by()
    for pk, size in maps.values_list("glyph__prediction__upload").annotate(Sum("bytes")):
        sizes[pk] += size
    for correction in Correction.objects.filter(upload__in=uploads).only("upload", "boxes").iterator(100):
        sizes[correction.upload_id] += correction_bytes(correction)
    return sizes


def recount_usage(owner_id: int, report: RecountReport) -> None:
    """Correct the usage of an account with the sum of its rows."""
    for item in BatchItem.objects.filter(batch__owner=owner_id, bytes=0):  # of an earlier release
        size = ITEM_BYTES + stored_size(item.staged.name)
        BatchItem.objects.filter(pk=item.pk, staged=item.staged.name).update(bytes=size)
    with transaction.atomic():
        lock_usage([owner_id])
        current = Usage.objects.filter(user=owner_id).first()
        if current is None:  # it is created when somebody asks for it
            return
        pictures, size = count_stored(owner_id)
        if (pictures, size) != (current.pictures, current.bytes):
            report.corrections[owner_id] = (current.bytes, size)
            Usage.objects.filter(user=owner_id).update(pictures=pictures, bytes=size)


def stored_size(name: str | None) -> int:
    """Return the size of a file; 0 if it is missing."""
    try:
        return default_storage.size(name) if name else 0
    except FileNotFoundError:
        return 0
