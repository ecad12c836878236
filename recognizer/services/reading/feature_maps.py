"""Feature maps: requested with the prediction or on first view, drawn by a worker in one job per prediction."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice

import numpy as np
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from mlcore.artifact import Layer
from mlcore.explaining.mosaic import MAX_MAPPED_GLYPHS, draw_mosaic
from recognizer.models import FeatureMap, Glyph, Job, Prediction
from recognizer.services.account_state import owners_being_deleted, require_open_account
from recognizer.services.registry.model_versions import models
from recognizer.services.space.disk import require_disk_space
from recognizer.services.space.purge import delete_files
from recognizer.services.space.quotas import add_derived, has_room, lock_usage
from recognizer.services.space.superseded_maps import remove_superseded_maps
from recognizer.services.work import jobs, runs
from recognizer.services.work.queues import INTERACTIVE

WRITERS = 8  # of files: a slow object store would else take longer for a long number than a job may
NO_ROOM = "The storage quota of the owner is used up."


def request_maps(
    prediction: Prediction, glyphs: Iterable[Glyph], layers: Sequence[Layer], job: Job | None = None
) -> None:
    """Save a row for every layer of the first glyphs, and queue the job that draws them. Call it in a transaction."""
    FeatureMap.objects.bulk_create(
        FeatureMap(
            glyph=glyph,
            layer=layer.name,
            position=position,
            kind=layer.kind,
            height=layer.shape[0],
            width=layer.shape[1],
            channels=layer.shape[2],
        )
        for glyph in islice(glyphs, MAX_MAPPED_GLYPHS)
        for position, layer in enumerate(layers)
    )
    if job:  # its maps were removed
        jobs.retry_jobs(Job.objects.filter(pk=job.pk), include_done=True)
        return
    job = jobs.create_job(Job.Kind.FEATURE_MAPS, INTERACTIVE, prediction=prediction)
    job.save(force_insert=True)
    jobs.enqueue_on_commit([job])


def find_job(prediction: Prediction) -> Job | None:
    """Return the job that draws the feature maps of a prediction, None if there is none."""
    return prediction.jobs.filter(kind=Job.Kind.FEATURE_MAPS).first()


def ensure_maps(prediction: Prediction) -> Job | None:
    """Request the feature maps of a prediction unless they exist, or a job that draws them does. Return the job.

    Predictions from batches, the API and rescoring get their maps on first view. Those of a superseded prediction were
    removed, and are drawn again; of each upload only one superseded prediction has maps at a time.
    """
    job = find_job(prediction)
    if not prediction.upload.original:  # the inputs of its glyphs were removed with it
        return job
    if job and had_no_room(job):
        if not has_room(prediction.owner_id):
            return job
        jobs.retry_jobs(Job.objects.filter(pk=job.pk))
        return find_job(prediction)
    if job and (prediction.is_current or FeatureMap.objects.filter(glyph__prediction=prediction).exists()):
        return job
    glyphs = list(prediction.glyphs.defer("input"))
    if not glyphs:
        return job
    layers = models.model(prediction.model).reader.engine.layers
    with suppress(IntegrityError), transaction.atomic():  # a concurrent first view may create the job
        require_open_account(prediction.owner_id)
        if not prediction.is_current:
            lock_usage([prediction.owner_id])
            remove_superseded_maps([prediction.upload_id])
        request_maps(prediction, glyphs, layers, job)
    return find_job(prediction)


def had_no_room(job: Job) -> bool:
    """Return whether the quota of the owner left no room for the feature maps."""
    return job.state == Job.State.FAILED and job.error == NO_ROOM


def redraw_maps(predictions: QuerySet[Prediction]) -> int:
    """Queue the feature maps of the predictions to be drawn over the existing files. Return the number of jobs."""
    predictions = predictions.exclude(owner_id__in=owners_being_deleted())
    for prediction in predictions:
        ensure_maps(prediction)
    drawing = Job.objects.filter(kind=Job.Kind.FEATURE_MAPS, prediction__in=predictions)
    return jobs.retry_jobs(drawing, include_done=True)


def draw_maps(job: Job) -> None:
    """Draw all feature maps of a prediction from one call of the network. Every file has a fixed name."""
    prediction = Prediction.objects.select_related("model").get(jobs=job)
    if not has_room(prediction.owner_id):
        jobs.fail_jobs(runs.leased_row(job), NO_ROOM)
        return
    require_disk_space()
    feature_maps = list(FeatureMap.objects.filter(glyph__prediction=prediction).select_related("glyph"))
    if not feature_maps:  # they were removed after the job was retried
        with runs.finish_job(job):
            return
    old_size = sum(feature_map.bytes for feature_map in feature_maps)
    draw_files(prediction, feature_maps)
    new_size = sum(feature_map.bytes for feature_map in feature_maps)
    try:
        with transaction.atomic():
            add_derived(prediction.owner_id, {prediction.upload_id: new_size - old_size})
            with runs.finish_job(job):
                fields = ["columns", "low", "high", "drawn_at", "image", "bytes"]
                FeatureMap.objects.bulk_update(feature_maps, fields)
    except runs.LeaseLost:
        remove_files_without_row(feature_maps)
        raise


def draw_files(prediction: Prediction, feature_maps: Sequence[FeatureMap]) -> None:
    """Write the files of all feature maps, and note in the rows, which are not saved, what was drawn."""
    glyphs = list(dict.fromkeys(feature_map.glyph for feature_map in feature_maps))
    inputs = np.stack([np.frombuffer(glyph.input, np.uint8).reshape(28, 28) for glyph in glyphs])  # (n, 28, 28)
    activations = models.model(prediction.model).reader.engine.activations(inputs)
    row_of = {glyph.pk: index for index, glyph in enumerate(glyphs)}
    writers = ThreadPoolExecutor(WRITERS, thread_name_prefix="maps")
    try:
        writes = []
        for feature_map in feature_maps:
            mosaic = draw_mosaic(activations[feature_map.layer][row_of[feature_map.glyph_id]])
            feature_map.columns, feature_map.low, feature_map.high = mosaic.columns, mosaic.low, mosaic.high
            feature_map.drawn_at = timezone.now()
            feature_map.bytes = len(mosaic.png)
            writes.append(writers.submit(feature_map.image.save, "map.png", ContentFile(mosaic.png), save=False))
        for write in writes:
            write.result()
    finally:
        writers.shutdown(cancel_futures=True)


def remove_files_without_row(feature_maps: Sequence[FeatureMap]) -> None:
    """Remove the files of feature maps that were removed while they were drawn."""
    rows = FeatureMap.objects.filter(glyph__in={each.glyph_id for each in feature_maps})
    kept = set(rows.values_list("glyph", "layer"))
    delete_files(each.image.name for each in feature_maps if (each.glyph_id, each.layer) not in kept)
