"""What belongs to a prediction and never changes: its picture, what the network was shown, and what it saw."""

from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer import selectors, serving
from recognizer.api import operations
from recognizer.api.bodies import feature_maps_body
from recognizer.api.endpoint import Endpoint
from recognizer.models import Job, Prediction
from recognizer.services.reading.feature_maps import ensure_maps
from recognizer.services.reading.images import ensure_picture, ensure_thumbnail

DRAWING = (Job.State.WAITING, Job.State.RUNNING)
DRAWN_SOON_SECONDS = 1


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
    """Byte for byte what was sent, as a download."""

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
        return feature_maps(request, prediction_for(request, pk))


class FeatureMapPicture(Endpoint):
    @operations.get_feature_map
    def get(self, request: Request, pk: Any, position: int, layer: str) -> HttpResponseBase:
        drawn = selectors.feature_maps_for(request.user).exclude(image="")
        drawn = drawn.filter(glyph__prediction=pk, glyph__position=position, layer=layer)
        return serving.serve_file(request._request, get_object_or_404(drawn).image, content_type="image/png")


def prediction_for(request: Request, pk: Any) -> Prediction:
    mine = selectors.predictions_for(request.user).select_related("upload").defer("upload__strokes")
    return get_object_or_404(mine, pk=pk)


def feature_maps(request: Request, prediction: Prediction) -> Response:
    """Asked for on first view; 202 while a worker draws them."""
    ensure_maps(prediction)
    job = prediction.jobs.filter(kind=Job.Kind.FEATURE_MAPS).first()
    maps = selectors.feature_maps_for(request.user).filter(glyph__prediction=prediction).select_related("glyph")
    body = feature_maps_body(
        prediction, job, maps.defer("glyph__input").order_by("glyph__position", "position"), request
    )
    if job and job.state in DRAWING:
        return Response(body, 202, headers={"Location": body["url"], "Retry-After": str(DRAWN_SOON_SECONDS)})
    return Response(body)
