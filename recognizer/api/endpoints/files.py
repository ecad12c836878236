"""The files of a prediction, which never change: its picture, its glyphs' inputs and their feature maps."""

from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer.api.endpoint import Endpoint
from recognizer.api.operations import files as operations
from recognizer.bodies.explanations import feature_maps_body
from recognizer.bodies.plain import write
from recognizer.http import serving
from recognizer.models import Job, Prediction
from recognizer.queries import selectors
from recognizer.services.reading.feature_maps import ensure_maps
from recognizer.services.reading.images import ensure_picture, ensure_thumbnail

DRAWING = (Job.State.WAITING, Job.State.RUNNING)
RETRY_AFTER_SECONDS = 1


class Picture(Endpoint):
    @operations.get_image
    def get(self, request: Request, pk: Any) -> HttpResponseBase:
        upload = prediction_for(request, pk).upload
        return serving.serve_file(request._request, ensure_picture(upload), content_type=serving.picture_type(upload))


class Thumbnail(Endpoint):
    @operations.get_thumbnail
    def get(self, request: Request, pk: Any) -> HttpResponseBase:
        thumbnail = ensure_thumbnail(prediction_for(request, pk).upload)
        return serving.serve_file(request._request, thumbnail, content_type=serving.THUMBNAIL_TYPE)


class Original(Endpoint):
    """The uploaded bytes, as a download."""

    @operations.get_original
    def get(self, request: Request, pk: Any) -> HttpResponseBase:
        return serving.serve_original(request._request, prediction_for(request, pk).upload)


class GlyphInput(Endpoint):
    @operations.get_glyph_input
    def get(self, request: Request, pk: Any, position: int) -> HttpResponseBase:
        glyphs = selectors.glyphs_for(request.user).only("input")
        return serving.serve_input(request._request, get_object_or_404(glyphs, prediction=pk, position=position))


class FeatureMapList(Endpoint):
    @operations.list_feature_maps
    def get(self, request: Request, pk: Any) -> Response:
        return feature_maps_response(request, prediction_for(request, pk))


class FeatureMapPicture(Endpoint):
    @operations.get_feature_map
    def get(self, request: Request, pk: Any, position: int, layer: str) -> HttpResponseBase:
        drawn = selectors.feature_maps_for(request.user).exclude(image="")
        drawn = drawn.filter(glyph__prediction=pk, glyph__position=position, layer=layer)
        return serving.serve_file(request._request, get_object_or_404(drawn).image, content_type="image/png")


def prediction_for(request: Request, pk: Any) -> Prediction:
    predictions = selectors.predictions_for(request.user).select_related("upload").defer("upload__strokes")
    return get_object_or_404(predictions, pk=pk)


def feature_maps_response(request: Request, prediction: Prediction) -> Response:
    """Return the prediction's feature maps, 202 while a worker draws them. The first request starts the drawing."""
    ensure_maps(prediction)
    job = prediction.jobs.filter(kind=Job.Kind.FEATURE_MAPS).first()
    maps = selectors.feature_maps_for(request.user).filter(glyph__prediction=prediction).select_related("glyph")
    own_url = request.build_absolute_uri(reverse("api:feature-maps", args=[prediction.pk]))
    rows = list(maps.defer("glyph__input").order_by("glyph__position", "position"))
    body = write(feature_maps_body(job, rows, own_url))
    if job and job.state in DRAWING:
        return Response(body, 202, headers={"Location": own_url, "Retry-After": str(RETRY_AFTER_SECONDS)})
    return Response(body)
