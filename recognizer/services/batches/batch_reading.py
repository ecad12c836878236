"""The worker's part of a batch: a chunk of staged files becomes uploads and predictions, all at once."""

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

from django.core.files.base import ContentFile
from django.db.models import QuerySet

from mlcore.reading.decode import Picture, decode, encode_thumbnail
from mlcore.reading.errors import PictureError
from mlcore.reading.result import Mode, Reading
from recognizer.models import BatchItem, Glyph, Job, ModelVersion, Prediction, Upload
from recognizer.services.reading.predictions import glyphs_of, prediction_of
from recognizer.services.registry.model_versions import models
from recognizer.services.work import jobs
from recognizer.services.work.chunks import in_chunks


@dataclass
class Outcome:
    """Of one chunk, before it is written."""

    uploads: dict[str, Upload] = field(default_factory=dict)  # by the item's key
    readings: dict[str, Reading] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    latency_ms: float = 0.0


@in_chunks
def read_chunk(job: Job) -> None:
    items = list(waiting_items(job).select_related("batch"))
    model = models.active_model()
    started = time.perf_counter()
    outcome = Outcome()
    # One call of the network for the whole chunk; the pictures go by one at a time, so that memory stays bounded.
    mode = cast(Mode, items[0].batch.mode if items else "auto")
    readings = model.reader.read_pictures(pictures_of(items, outcome), mode)
    outcome.readings = dict(zip(outcome.uploads, readings, strict=True))
    outcome.latency_ms = 1000 * (time.perf_counter() - started) / max(1, len(items))
    with jobs.finishing(job):
        # Those cancelled meanwhile are left out.
        still_waiting = waiting_items(job).select_for_update(of=("self",)).order_by("pk")
        write(list(still_waiting.select_related("batch")), outcome, model.version, attempts=job.attempts)


def waiting_items(job: Job) -> QuerySet[BatchItem]:
    return BatchItem.objects.filter(pk__in=job.payload["ids"], state=BatchItem.State.WAITING)


def pictures_of(items: list[BatchItem], outcome: Outcome) -> Iterator[Picture]:
    """Each picture once, for the reader; what else is needed of it is kept on the way."""
    for item in items:
        with item.staged.open("rb") as file:
            data = file.read()
        try:
            picture = decode(data)
        except PictureError as error:
            outcome.errors[str(item.pk)] = error.code
            continue
        outcome.uploads[str(item.pk)] = upload_of(item, data, picture)
        yield picture


def upload_of(item: BatchItem, data: bytes, picture: Picture) -> Upload:
    """The staged file becomes the original where it lies, and the upload takes the item's key: whatever is done
    twice ends in the same row and the same files."""
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
    upload.thumbnail.save("thumbnail", ContentFile(encode_thumbnail(picture)), save=False)
    return upload


def write(items: list[BatchItem], outcome: Outcome, version: ModelVersion, *, attempts: int) -> None:
    uploads: list[Upload] = []
    predictions: list[Prediction] = []
    glyphs: list[Glyph] = []
    for item in items:
        item.attempts = attempts
        key = str(item.pk)
        if key in outcome.errors:
            item.state, item.error_code = BatchItem.State.FAILED, outcome.errors[key]
            continue
        upload, reading = outcome.uploads[key], outcome.readings[key]
        prediction = prediction_of(upload, reading, version, mode=item.batch.mode, latency_ms=outcome.latency_ms)
        uploads.append(upload)
        predictions.append(prediction)
        glyphs += glyphs_of(prediction, reading)
        item.state, item.upload, item.staged = BatchItem.State.DONE, upload, ""
    Upload.objects.bulk_create(uploads)
    Prediction.objects.bulk_create(predictions)
    Glyph.objects.bulk_create(glyphs)
    BatchItem.objects.bulk_update(items, ["state", "error_code", "attempts", "upload", "staged"])
