"""Past uploads read again with another model version. The old predictions stay; what changed can be listed."""

import logging
import time
from collections.abc import Iterator

from django.db import transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from mlcore.reading.decode import Picture, decode
from mlcore.reading.errors import PictureError
from mlcore.reading.result import MODES, Reading
from recognizer.models import Glyph, Job, ModelVersion, Prediction, Upload
from recognizer.queues import BULK
from recognizer.services.reading.predictions import glyphs_of, lock_uploads, prediction_of
from recognizer.services.registry.model_versions import models
from recognizer.services.work import jobs
from recognizer.services.work.chunks import in_chunks

logger = logging.getLogger(__name__)

CHUNK = 20


def rescore(uploads: QuerySet[Upload], version: ModelVersion) -> int:
    """Have them read again, but for those that this version has read; answers how many will be."""
    models.model(version)  # a version that does not load is refused here, not in a thousand jobs
    ids = [str(pk) for pk in unread_by(version, uploads).values_list("pk", flat=True)]
    made = [
        jobs.create_job(
            Job.Kind.RESCORE,
            BULK,
            payload={"ids": ids[start : start + CHUNK], "version": str(version.pk)},
            total=len(ids[start : start + CHUNK]),
        )
        for start in range(0, len(ids), CHUNK)
    ]
    with transaction.atomic():
        Job.objects.bulk_create(made)
        jobs.enqueue_on_commit(made)
    return len(ids)


def unread_by(version: ModelVersion, uploads: QuerySet[Upload]) -> QuerySet[Upload]:
    read = Prediction.objects.filter(model=version).values("upload")
    return uploads.filter(deleted_at=None).exclude(pk__in=read)


@in_chunks
def read_again(job: Job) -> None:
    version = ModelVersion.objects.get(pk=job.payload["version"])
    reader = models.model(version).reader
    pending = list(current_predictions(job, version))
    started = time.perf_counter()
    decoded: list[Prediction] = []
    readings: list[Reading] = []
    for mode in MODES:
        same_mode = [prediction for prediction in pending if prediction.mode == mode]
        readings += reader.read_pictures(pictures_of(same_mode, decoded), mode)
    latency_ms = 1000 * (time.perf_counter() - started) / max(1, len(readings))
    with jobs.finishing(job):
        write(list(zip(decoded, readings, strict=True)), version, latency_ms)


def current_predictions(job: Job, version: ModelVersion) -> QuerySet[Prediction]:
    uploads = unread_by(version, Upload.objects.filter(pk__in=job.payload["ids"]))
    return Prediction.objects.filter(upload__in=uploads, is_current=True).select_related("upload")


def pictures_of(predictions: list[Prediction], decoded: list[Prediction]) -> Iterator[Picture]:
    for prediction in predictions:
        with prediction.upload.original.open("rb") as file:
            data = file.read()
        try:
            picture = decode(data)
        except PictureError:
            logger.warning("Upload %s is not opened any more; its answer stays", prediction.upload_id)
            continue
        decoded.append(prediction)
        yield picture


def write(pairs: list[tuple[Prediction, Reading]], version: ModelVersion, latency_ms: float) -> None:
    """Beside the old answers. Only the active version's become the ones that lists show: a candidate is compared,
    not believed."""
    locked = lock_uploads([old.upload_id for old, _ in pairs])
    unread = set(unread_by(version, Upload.objects.filter(pk__in=locked)).values_list("pk", flat=True))
    is_current = ModelVersion.objects.filter(pk=version.pk, state=ModelVersion.State.ACTIVE).exists()
    if is_current:
        Prediction.objects.filter(upload__in=unread, is_current=True).update(is_current=False)
    predictions: list[Prediction] = []
    glyphs: list[Glyph] = []
    for old, reading in pairs:
        if old.upload_id not in unread:
            continue  # its owner had it read again meanwhile, or deleted it
        prediction = prediction_of(old.upload, reading, version, mode=old.mode, latency_ms=latency_ms)
        prediction.is_current = is_current
        predictions.append(prediction)
        glyphs += glyphs_of(prediction, reading)
    Prediction.objects.bulk_create(predictions)
    Glyph.objects.bulk_create(glyphs)


def changes(version: ModelVersion) -> QuerySet[Prediction]:
    """The version's answers that differ from the one before, which stands beside it as `before_text` and
    `before_decision`."""
    before = Prediction.objects.filter(upload=OuterRef("upload"), created_at__lt=OuterRef("created_at"))
    newest = before.exclude(model=version).order_by("-created_at")
    return (
        Prediction.objects.filter(model=version, upload__deleted_at=None)
        .annotate(
            before_text=Subquery(newest.values("text")[:1]), before_decision=Subquery(newest.values("decision")[:1])
        )
        .filter(~Q(text=F("before_text")) | ~Q(decision=F("before_decision")))
        .exclude(before_text=None)
        .select_related("upload", "model")
        .order_by("-created_at", "-id")
    )
