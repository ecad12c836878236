"""Chunks of a batch: jobs of a few items each, which a worker reads in one call of the network."""

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import QuerySet

from mlcore.atomic_files import sync_together
from mlcore.reading.files.decode import Picture, decode, encode_thumbnail
from mlcore.reading.files.errors import PictureError
from mlcore.reading.result import Mode, Reading
from recognizer.models import Batch, BatchItem, Glyph, Job, ModelVersion, Prediction, Upload
from recognizer.outages import problem_of_outage
from recognizer.services.quality.streams import enter_streams, record_answers
from recognizer.services.reading.expected import columns_of, expected_of
from recognizer.services.reading.predictions import build_glyphs, build_prediction
from recognizer.services.reading.presets import lock_presets
from recognizer.services.registry.model_versions import models
from recognizer.services.space.disk import has_disk_space
from recognizer.services.space.quotas import add_bytes
from recognizer.services.space.sizes import ITEM_BYTES, json_bytes, reading_bytes
from recognizer.services.work import jobs, runs
from recognizer.services.work.queues import BULK

CHUNK_ITEMS = 20  # enough for one efficient call of the network; a worker reads them in about a second

# Error codes of items whose job failed or was cancelled
READER_FAILED = "reader_failed"
CANCELLED = "cancelled"


@dataclass
class ChunkResult:
    """Results of one chunk before they are written, by the key of the item."""

    uploads: dict[str, Upload] = field(default_factory=dict)
    readings: dict[str, Reading] = field(default_factory=dict)
    error_codes: dict[str, str] = field(default_factory=dict)
    latency_ms: float = 0.0


def enqueue_chunks(batch: Batch, items: Sequence[BatchItem]) -> None:
    """Save jobs that read the items, and enqueue them after the commit. Call it inside a transaction.

    A document has a job of its own.
    """
    keys = [str(item.pk) for item in items if item.pages_opened is None]
    chunks = [keys[start : start + CHUNK_ITEMS] for start in range(0, len(keys), CHUNK_ITEMS)]
    chunks += [[str(item.pk)] for item in items if item.pages_opened is not None]
    created = [
        jobs.create_job(Job.Kind.BATCH_CHUNK, BULK, batch=batch, payload={"ids": chunk}, total=len(chunk))
        for chunk in chunks
    ]
    jobs.save_jobs(created)


def read_chunk(job: Job) -> None:
    """Read the waiting items of a job and write their uploads, predictions and states in one transaction.

    If the owner wants the batch read in another way in the meantime, nothing is written, and the job is queued again.
    """
    items = list(waiting_items(job).select_related("batch"))
    model = models.active_model()
    started = time.perf_counter()
    result = ChunkResult()
    # The network is called once for the whole chunk. The images are decoded one at a time to bound the memory.
    batch = items[0].batch if items else Batch()
    pictures = decode_items(items, result)
    expected = expected_of(batch)
    with sync_together():  # the thumbnails
        readings = model.reader.read_pictures(
            pictures,
            cast(Mode, batch.mode),
            decimal=batch.decimal_mark,
            expectation=expected.expectation if expected else None,
        )
    result.readings = dict(zip(result.uploads, readings, strict=True))
    result.latency_ms = 1000 * (time.perf_counter() - started) / max(1, len(items))
    with transaction.atomic():
        is_current = is_read_in_this_way(batch)
        if is_current:
            with runs.finish_job(job):
                columns = columns_of(expected, lock_presets([batch.owner_id], [batch.preset_id]))
                # Items that were cancelled in the meantime are left out.
                items = list(waiting_items(job).select_for_update().order_by("pk"))
                write_result(items, result, model.version, batch, attempts=job.attempts, expected=columns)
    if not is_current:
        runs.continue_now(job)


def is_read_in_this_way(batch: Batch) -> bool:
    """Lock the row of a batch, and return whether its files are still to be read as this copy of the row says."""
    row = Batch.objects.select_for_update(no_key=True).filter(pk=batch.pk).first()
    ways = [(each.mode, each.decimal, each.expected) for each in (batch, row or batch)]
    return ways[0] == ways[1]


def waiting_items(job: Job) -> QuerySet[BatchItem]:
    return BatchItem.objects.filter(pk__in=job.payload["ids"], state=BatchItem.State.WAITING)


def decode_items(items: list[BatchItem], result: ChunkResult) -> Iterator[Picture]:
    """Yield the decoded image of each item, and note its upload or its error code in the result."""
    for item in items:
        with item.staged.open("rb") as file:
            data = file.read()
        try:
            picture = decode(data)
        except PictureError as error:
            result.error_codes[str(item.pk)] = error.code
            continue
        result.uploads[str(item.pk)] = build_upload(item, data, picture)
        yield picture


def build_upload(item: BatchItem, data: bytes, picture: Picture) -> Upload:
    """Return the unsaved upload of an item.

    The staged file becomes its original without being moved, and the item's key becomes its key. A chunk that is read
    twice therefore ends in the same rows and files.
    """
    upload = Upload(
        id=item.pk,
        owner_id=item.batch.owner_id,
        source=Upload.Source.BATCH,
        name=item.name,
        original=item.staged.name,
        sha256=hashlib.sha256(data).hexdigest(),
        format=picture.format,
        bytes=len(data),
        width=picture.width,
        height=picture.height,
    )
    save_thumbnail(upload, encode_thumbnail(picture))
    return upload


def save_thumbnail(upload: Upload, data: bytes) -> None:
    """Save the thumbnail, or leave it out if there is no space. It is then made when somebody looks at the upload."""
    if not has_disk_space():
        return
    try:
        upload.thumbnail.save("thumbnail", ContentFile(data), save=False)
    except OSError as error:
        if problem_of_outage(error) is None:
            raise
        return
    upload.derived_bytes += len(data)


def write_result(
    items: list[BatchItem],
    result: ChunkResult,
    version: ModelVersion,
    batch: Batch,
    *,
    attempts: int,
    expected: Mapping[str, Any],
) -> None:
    uploads: list[Upload] = []
    predictions: list[Prediction] = []
    glyphs: list[Glyph] = []
    for item in items:
        item.attempts = attempts
        key = str(item.pk)
        if key in result.error_codes:
            item.state, item.error_code = BatchItem.State.FAILED, result.error_codes[key]
            continue
        upload, reading = result.uploads[key], result.readings[key]
        prediction = build_prediction(
            upload,
            reading,
            version,
            mode=batch.mode,
            decimal=batch.decimal,
            latency_ms=result.latency_ms,
            expected=expected,
        )
        uploads.append(upload)
        predictions.append(prediction)
        glyphs += build_glyphs(prediction, reading)
        upload.derived_bytes += reading_bytes(reading) + json_bytes(prediction.expected)
        # The bytes of the staged file are the upload's from now on.
        item.state, item.upload, item.staged, item.bytes = BatchItem.State.DONE, upload, "", ITEM_BYTES
    if uploads:
        add_bytes(uploads[0].owner_id, sum(upload.derived_bytes for upload in uploads))
    answers = [(prediction, result.readings[str(prediction.upload_id)]) for prediction in predictions]
    enter_streams(answers)
    Upload.objects.bulk_create(uploads)
    Prediction.objects.bulk_create(predictions)
    record_answers(answers)
    Glyph.objects.bulk_create(glyphs)
    BatchItem.objects.bulk_update(items, ["state", "error_code", "attempts", "upload", "staged", "bytes"])


def fail_items(job: Job) -> None:
    """Fail the waiting items of a job that failed for good."""
    _fail_waiting_items(job, READER_FAILED)


def cancel_items(job: Job) -> None:
    """Fail the waiting items of a cancelled job."""
    _fail_waiting_items(job, CANCELLED)


def _fail_waiting_items(job: Job, error_code: str) -> None:
    waiting_items(job).update(state=BatchItem.State.FAILED, error_code=error_code, attempts=job.attempts)


def reset_items(job: Job) -> None:
    """Let the items that failed with their job wait again, except those whose file no longer exists."""
    failed = BatchItem.objects.filter(pk__in=job.payload["ids"], state=BatchItem.State.FAILED).exclude(staged="")
    failed.filter(error_code__in=[READER_FAILED, CANCELLED]).update(
        state=BatchItem.State.WAITING, error_code="", attempts=0
    )
