"""The endpoints of the demos that Digitscribe replaces, for programs that still call them: POST /predict,
GET /feature_maps, and /reset. OLD_CLIENTS=no switches them off. docs/api.md says what to call instead."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer import selectors
from recognizer.api.endpoint import Endpoint, person
from recognizer.api.pictures import feature_maps
from recognizer.models import Prediction, Upload
from recognizer.problems import Problem
from recognizer.services.history import bulk_actions
from recognizer.services.reading.predictions import create_prediction
from recognizer.uploadhandlers import has_oversized_file


class OldEndpoint(Endpoint):
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        check_switched_on()
        super().initial(request, *args, **kwargs)


class Predict(OldEndpoint):
    """A file in, one digit out."""

    parser_classes = [MultiPartParser]

    def post(self, request: Request) -> Response:
        file = request.FILES.get("file") or request.FILES.get("image")
        if has_oversized_file(request._request):
            raise Problem("file_too_large")
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
        url = request.build_absolute_uri(reverse("api:prediction", args=[prediction.pk]))
        digit = int(prediction.text) if prediction.text else None
        return Response({"digit": digit, "confidence": prediction.confidence, "prediction_url": url})


class FeatureMaps(OldEndpoint):
    """Of the person's latest picture: the demos had one picture for all visitors."""

    def get(self, request: Request) -> HttpResponseBase:
        return feature_maps(request, latest_of(person(request)))


@require_http_methods(["GET", "HEAD", "POST"])
def reset(request: HttpRequest) -> HttpResponse:
    """Forget the latest picture. The demos did so on GET, and with it whatever followed a link."""
    check_switched_on()
    latest = latest_of(request.user)
    if request.method != "POST":
        return render(request, "api/reset.html", {"prediction": latest})
    bulk_actions.delete_uploads(request.user, [latest.upload_id])  # type: ignore[arg-type]
    return redirect("desk")


def check_switched_on() -> None:
    if not settings.OLD_CLIENTS:
        raise Http404


def latest_of(user: Any) -> Prediction:
    latest = selectors.history_for(user).first()
    if latest is None:
        raise Http404
    return latest
