"""Rescoring: stored uploads are read with another model version, or in another way. Earlier predictions are kept."""

import json
import logging
import time
from collections.abc import Iterator
from typing import Any, cast
from uuid import UUID

from django.db import transaction
from django.db.models import F, OuterRef, QuerySet, Subquery

from mlcore.reading.files.decode import Picture, decode
from mlcore.reading.files.errors import PictureError
from mlcore.reading.result import Mode, Reading
from recognizer.models import Batch, Glyph, Job, ModelVersion, Prediction, Upload
from recognizer.problems import Problem
from recognizer.queries.selectors import written_form
from recognizer.services.account_state import owners_being_deleted
from recognizer.services.quality.streams import enter_streams
from recognizer.services.reading.expected import Expected, columns_of, expected_bytes, expected_of_each
from recognizer.services.reading.predictions import build_glyphs, build_prediction, lock_uploads
from recognizer.services.reading.presets import lock_presets
from recognizer.services.registry.model_versions import models
from recognizer.services.space.quotas import add_derived, lock_usage
from recognizer.services.space.reservation import require_room
from recognizer.services.space.sizes import reading_bytes
from recognizer.services.space.superseded_maps import remove_superseded_maps
from recognizer.services.work import jobs, runs
from recognizer.services.work.queues import BULK

logger = logging.getLogger(__name__)

CHUNK_UPLOADS = 20

Way = dict[str, Any]  # how pictures are read otherwise than before: mode, expected, preset


def rescore(
    uploads: QuerySet[Upload],
    version: ModelVersion,
    *,
    batch: Batch | None = None,
    way: Way | None = None,
    asked_by: int | None = None,
) -> int:
    """Queue the uploads that this version has not read yet, or all if they are read in another way.

    Return their number. With `batch` they are its pictures, and its owner asks for it: raise Problem if the quota is
    used up. `asked_by` is the key of a person who has asked for own pictures, by which the jobs are found again.
    """
    if batch:
        require_room(batch.owner_id)
    models.model(version)  # a version that does not load is refused here instead of in every job
    ids = [str(pk) for pk in uploads_to_read(version, uploads, way).values_list("pk", flat=True)]
    shared = {"version": str(version.pk)} | ({"way": way} if way else {}) | ({"asked_by": asked_by} if asked_by else {})
    created = [
        jobs.create_job(
            Job.Kind.RESCORE,
            BULK,
            batch=batch,
            payload={"ids": ids[start : start + CHUNK_UPLOADS], **shared},
            total=len(ids[start : start + CHUNK_UPLOADS]),
        )
        for start in range(0, len(ids), CHUNK_UPLOADS)
    ]
    with transaction.atomic():
        jobs.save_jobs(created)
    return len(ids)


def new_way(*, mode: str, expected: Expected | None) -> Way:
    """Return the values for a job whose pictures are read in this mode and under this expectation."""
    return {
        "mode": mode,
        "expected": expected and expected.stored,
        "preset": str(expected.preset_id) if expected and expected.preset_id else None,
    }


def uploads_to_read(version: ModelVersion, uploads: QuerySet[Upload], way: Way | None = None) -> QuerySet[Upload]:
    """Return those of the uploads that can be read, without those that the version has read already in this way.

    What it read as a candidate never became an answer, so the active version reads those uploads again.
    """
    uploads = uploads.filter(deleted_at=None).exclude(original="").exclude(owner_id__in=owners_being_deleted())
    if way:
        return uploads
    read = Prediction.objects.filter(model=version)
    if ModelVersion.objects.filter(pk=version.pk, state=ModelVersion.State.ACTIVE).exists():
        read = read.filter(is_current=True)
    return uploads.exclude(pk__in=read.values("upload"))


def rescore_chunk(job: Job) -> None:
    """Read the uploads of a job with its model version, and save the predictions in one transaction."""
    try:
        if job.batch:
            require_room(job.batch.owner_id)
    except Problem as problem:
        runs.fail_run(job, problem.detail)
        return
    version = ModelVersion.objects.get(pk=job.payload["version"])
    reader = models.model(version).reader
    way = job.payload.get("way")
    pending = list(current_predictions(job, version, way))
    started = time.perf_counter()
    decoded: list[Prediction] = []
    readings: list[Reading] = []
    groups = group_alike(pending)
    for alike, expected in zip(groups, expected_of_each([alike[0] for alike in groups]), strict=True):
        first = alike[0]
        readings += reader.read_pictures(
            decode_originals(alike, decoded),
            cast(Mode, first.mode),
            decimal=first.decimal_mark,
            expectation=expected.expectation if expected else None,
        )
    latency_ms = 1000 * (time.perf_counter() - started) / max(1, len(readings))
    with runs.finish_job(job):
        write_predictions(list(zip(decoded, readings, strict=True)), version, latency_ms, way)


def current_predictions(job: Job, version: ModelVersion, way: Way | None) -> Iterator[Prediction]:
    """Yield the current predictions of a job's uploads, with the way in which they are read now."""
    uploads = uploads_to_read(version, Upload.objects.filter(pk__in=job.payload["ids"]), way)
    for prediction in Prediction.objects.filter(upload__in=uploads, is_current=True).select_related("upload"):
        if way:  # the row itself stays as it is
            prediction.mode, prediction.expected = way["mode"], way["expected"]
            prediction.preset_id = UUID(way["preset"]) if way["preset"] else None
        yield prediction


def group_alike(predictions: list[Prediction]) -> list[list[Prediction]]:
    """Return groups of predictions that were read in the same mode, with the same decimal mark and expectation."""
    groups: dict[tuple[str, str, str], list[Prediction]] = {}
    for each in predictions:
        key = (each.mode, each.decimal, json.dumps(each.expected_fields, sort_keys=True))
        groups.setdefault(key, []).append(each)
    return list(groups.values())


def decode_originals(predictions: list[Prediction], decoded: list[Prediction]) -> Iterator[Picture]:
    """Yield the decoded original of each prediction, and append that prediction to `decoded`."""
    for prediction in predictions:
        with prediction.upload.original.open("rb") as file:
            data = file.read()
        try:
            picture = decode(data)
        except PictureError:
            logger.warning("Upload %s cannot be decoded; its current prediction is kept", prediction.upload_id)
            continue
        decoded.append(prediction)
        yield picture


def write_predictions(
    pairs: list[tuple[Prediction, Reading]], version: ModelVersion, latency_ms: float, way: Way | None = None
) -> None:
    """Save a prediction by this version beside each earlier one.

    They become current only if the version is active. Those of a candidate are there to be compared.
    """
    lock_usage(old.owner_id for old, _ in pairs)
    presets = lock_presets((old.owner_id for old, _ in pairs), (old.preset_id for old, _ in pairs))
    locked = lock_uploads([old.upload_id for old, _ in pairs])
    unread = set(uploads_to_read(version, Upload.objects.filter(pk__in=locked), way).values_list("pk", flat=True))
    is_current = ModelVersion.objects.filter(pk=version.pk, state=ModelVersion.State.ACTIVE).exists()
    if is_current:
        Prediction.objects.filter(upload__in=unread, is_current=True).update(is_current=False)
        remove_superseded_maps(unread)
    predictions: list[Prediction] = []
    glyphs: list[Glyph] = []
    sizes: dict[int, dict[UUID, int]] = {}
    of_pairs = expected_of_each([old for old, _ in pairs])
    for (old, reading), expected in zip(pairs, of_pairs, strict=True):
        if old.upload_id not in unread:
            continue  # the owner had it read again in the meantime, or deleted it
        prediction = build_prediction(
            old.upload,
            reading,
            version,
            mode=old.mode,
            decimal=old.decimal,
            latency_ms=latency_ms,
            expected=columns_of(expected, presets),
        )
        prediction.is_current = is_current
        predictions.append(prediction)
        glyphs += build_glyphs(prediction, reading)
        sizes.setdefault(old.owner_id, {})[old.upload_id] = reading_bytes(reading) + expected_bytes(expected)
    for owner_id, of_owner in sizes.items():
        add_derived(owner_id, of_owner)
    if is_current:
        readings = {old.upload_id: reading for old, reading in pairs}
        enter_streams([(prediction, readings[prediction.upload_id]) for prediction in predictions])
    Prediction.objects.bulk_create(predictions)
    Glyph.objects.bulk_create(glyphs)


def changed_predictions(version: ModelVersion) -> QuerySet[Prediction]:
    """Return the version's predictions that differ from the previous one of their upload.

    The previous one is annotated as `before_written` and `before_decision`.
    """
    before = Prediction.objects.filter(upload=OuterRef("upload"), created_at__lt=OuterRef("created_at"))
    newest = before.exclude(model=version).order_by("-created_at")
    return (
        Prediction.objects.filter(model=version, upload__deleted_at=None)
        .annotate(
            after_written=written_form(),
            before_written=Subquery(newest.values_list(written_form())[:1]),
            before_decision=Subquery(newest.values("decision")[:1]),
        )
        .exclude(after_written=F("before_written"), decision=F("before_decision"))
        .exclude(before_written=None)
        .select_related("upload", "model")
        .order_by("-created_at", "-id")
    )
