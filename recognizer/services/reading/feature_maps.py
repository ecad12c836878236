"""Feature maps: requested with the prediction or on first view, drawn by a worker in one job per prediction."""

from collections.abc import Iterable, Sequence
from itertools import islice

import numpy as np
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from mlcore.artifact import Layer
from mlcore.explaining.mosaic import MAX_MAPPED_GLYPHS, draw_mosaic
from recognizer.models import FeatureMap, Glyph, Job, Prediction
from recognizer.queues import INTERACTIVE
from recognizer.services.account_state import owners_being_deleted, require_open_account
from recognizer.services.registry.model_versions import models
from recognizer.services.work import jobs, runs


def request_maps(prediction: Prediction, glyphs: Iterable[Glyph], layers: Sequence[Layer]) -> None:
    """Save a row for every layer of the first glyphs, and the job that draws them. Call it inside a transaction."""
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
    job = jobs.create_job(Job.Kind.FEATURE_MAPS, INTERACTIVE, prediction=prediction)
    job.save(force_insert=True)
    jobs.enqueue_on_commit([job])


def ensure_maps(prediction: Prediction) -> None:
    """Request the feature maps of a prediction unless a job for them exists.

    Predictions from batches, the API and rescoring get their maps on first view.
    """
    if prediction.jobs.filter(kind=Job.Kind.FEATURE_MAPS).exists():
        return
    glyphs = list(prediction.glyphs.defer("input"))
    if not glyphs:
        return
    layers = models.model(prediction.model).reader.engine.layers
    try:
        with transaction.atomic():
            require_open_account(prediction.owner_id)
            request_maps(prediction, glyphs, layers)
    except IntegrityError:
        # A concurrent first view created the job.
        return


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
    feature_maps = list(FeatureMap.objects.filter(glyph__prediction=prediction).select_related("glyph"))
    glyphs = list(dict.fromkeys(feature_map.glyph for feature_map in feature_maps))
    inputs = np.stack([np.frombuffer(glyph.input, np.uint8).reshape(28, 28) for glyph in glyphs])  # (n, 28, 28)
    activations = models.model(prediction.model).reader.engine.activations(inputs)
    row_of = {glyph.pk: index for index, glyph in enumerate(glyphs)}
    for feature_map in feature_maps:
        mosaic = draw_mosaic(activations[feature_map.layer][row_of[feature_map.glyph_id]])
        feature_map.columns, feature_map.low, feature_map.high = mosaic.columns, mosaic.low, mosaic.high
        feature_map.drawn_at = timezone.now()
        feature_map.image.save("map.png", ContentFile(mosaic.png), save=False)
    with runs.finish_job(job):
        FeatureMap.objects.bulk_update(feature_maps, ["columns", "low", "high", "drawn_at", "image"])
