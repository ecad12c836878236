"""Feature maps: asked for with the prediction or on first view, drawn by a worker in one job per prediction."""

from collections.abc import Iterable, Sequence

import numpy as np
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from mlcore.artifact import Layer
from mlcore.explaining.mosaic import draw_mosaic
from recognizer.models import FeatureMap, Glyph, Job, Prediction
from recognizer.queues import INTERACTIVE
from recognizer.services.registry.model_versions import models
from recognizer.services.work import jobs


def request_maps(prediction: Prediction, glyphs: Iterable[Glyph], layers: Sequence[Layer]) -> None:
    """Rows for every (glyph, layer) and the one job that draws them. Call it inside a transaction."""
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
        for glyph in glyphs
        for position, layer in enumerate(layers)
    )
    job = jobs.create_job(Job.Kind.FEATURE_MAPS, INTERACTIVE, prediction=prediction)
    job.save(force_insert=True)
    jobs.enqueue_on_commit([job])


def ensure_maps(prediction: Prediction) -> None:
    """On first view of a prediction that came through a batch, the API or a re-reading."""
    if prediction.jobs.filter(kind=Job.Kind.FEATURE_MAPS).exists():
        return
    glyphs = list(prediction.glyphs.defer("input"))
    if not glyphs:
        return
    layers = models.model(prediction.model).reader.engine.layers
    try:
        with transaction.atomic():
            request_maps(prediction, glyphs, layers)
    except IntegrityError:
        # Two first views at once: the other one has asked.
        return


def draw_again(predictions: QuerySet[Prediction]) -> int:
    """As if for the first time, over the same files; for those never drawn it is the first time."""
    for prediction in predictions:
        ensure_maps(prediction)
    return jobs.retry(Job.objects.filter(kind=Job.Kind.FEATURE_MAPS, prediction__in=predictions), done_too=True)


def draw_maps(job: Job) -> None:
    """One pass of the network over all glyphs of the prediction, every file under its own fixed name."""
    prediction = Prediction.objects.select_related("model").get(jobs=job)
    waiting = list(FeatureMap.objects.filter(glyph__prediction=prediction).select_related("glyph"))
    glyphs = list(dict.fromkeys(feature_map.glyph for feature_map in waiting))
    inputs = np.stack([np.frombuffer(glyph.input, np.uint8).reshape(28, 28) for glyph in glyphs])  # (n, 28, 28)
    activations = models.model(prediction.model).reader.engine.activations(inputs)
    place = {glyph.pk: index for index, glyph in enumerate(glyphs)}
    for feature_map in waiting:
        mosaic = draw_mosaic(activations[feature_map.layer][place[feature_map.glyph_id]])
        feature_map.columns, feature_map.low, feature_map.high = mosaic.columns, mosaic.low, mosaic.high
        feature_map.drawn_at = timezone.now()
        feature_map.image.save("map.png", ContentFile(mosaic.png), save=False)
    with jobs.finishing(job):
        FeatureMap.objects.bulk_update(waiting, ["columns", "low", "high", "drawn_at", "image"])
