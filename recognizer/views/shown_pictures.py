"""The page with pictures of people who let trainers look at them, and its pictures. Trainers alone may open it."""

from uuid import UUID

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from recognizer.http.serving import picture_type, serve_file, serve_placeholder
from recognizer.models import TRAINER
from recognizer.services.learning.shown_pictures import find_doubtful_labels, find_mistakes, look_at_picture
from recognizer.services.reading.images import ensure_picture
from recognizer.views.requests import UserRequest


@require_safe
@permission_required(TRAINER, raise_exception=True)
def shown_pictures(request: UserRequest) -> HttpResponse:
    context = {"labels": find_doubtful_labels(request.user), "mistakes": find_mistakes(request.user)}
    return render(request, "shown_pictures.html", context)


@require_safe
@permission_required(TRAINER, raise_exception=True)
def shown_picture(request: UserRequest, pk: UUID) -> HttpResponseBase:
    """Serve a picture of another person. No browser keeps it, because its owner may end this at any time."""
    upload = look_at_picture(request.user, pk)
    if not upload.original:
        return serve_placeholder()
    response = serve_file(request, ensure_picture(upload), content_type=picture_type(upload))
    response["Cache-Control"] = "private, no-store"
    return response
