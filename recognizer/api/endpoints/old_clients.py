"""The endpoints of the demos that Digitscribe replaces: POST /predict, GET /feature_maps and /reset.

Programs that still call them keep working. OLD_CLIENTS=no switches them off, and docs/api.md names the successors.
"""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer.api.endpoint import Endpoint, person
from recognizer.api.endpoints.files import feature_maps_response
from recognizer.bodies.answers import old_answer_body
from recognizer.bodies.plain import write
from recognizer.http.upload_handlers import check_files
from recognizer.models import Prediction, Upload
from recognizer.problems import Problem
from recognizer.queries import selectors
from recognizer.services.history import bulk_actions
from recognizer.services.reading.predictions import create_prediction


class OldEndpoint(Endpoint):
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        check_enabled()
        super().initial(request, *args, **kwargs)


class Predict(OldEndpoint):
    """POST /predict: reads a file as one digit."""

    parser_classes = [MultiPartParser]

    def post(self, request: Request) -> Response:
        file = request.FILES.get("file") or request.FILES.get("image")
        check_files(request._request)
        if file is None:
            raise Problem("missing_file", "Send the image as a file in the field `file`.")
        prediction = create_prediction(
            owner=person(request),
            data=file.read(),
            source=Upload.Source.API,
            mode="digit",
            name=file.name or "",
            draw_maps=True,
        )
        return Response(write(old_answer_body(prediction, request.build_absolute_uri)))


class FeatureMaps(OldEndpoint):
    """GET /feature_maps: the maps of the account's latest picture. The demos had one picture for all visitors."""

    def get(self, request: Request) -> HttpResponseBase:
        return feature_maps_response(request, latest_prediction(person(request)))


@require_http_methods(["GET", "HEAD", "POST"])
def reset(request: HttpRequest) -> HttpResponse:
    """Delete the latest picture, on POST only: the demos did so on GET, so that any crawler deleted it."""
    check_enabled()
    latest = latest_prediction(request.user)
    if request.method != "POST":
        return render(request, "api/reset.html", {"prediction": latest})
    bulk_actions.delete_uploads(request.user, [latest.upload_id])  # type: ignore[arg-type]
    return redirect("desk")


def check_enabled() -> None:
    if not settings.OLD_CLIENTS:
        raise Http404


def latest_prediction(user: Any) -> Prediction:
    latest = selectors.history_for(user).first()
    if latest is None:
        raise Http404
    return latest
