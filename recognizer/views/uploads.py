"""One picture and its answer: the permalink, its feature maps, its corrections, and what else can be done with it."""

from contextlib import suppress
from typing import Any, cast
from uuid import UUID

from django.db.models import Prefetch, prefetch_related_objects
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from mlcore.reading import result
from recognizer import selectors
from recognizer.models import Glyph, Job, Prediction
from recognizer.models.prediction import Mode
from recognizer.problems import Problem
from recognizer.services.history import corrections, history
from recognizer.services.reading import feature_maps
from recognizer.services.reading.predictions import read_again
from recognizer.services.work.worker_state import worker_state
from recognizer.views.correcting import BOX_FIELDS, apply_correction, places
from recognizer.views.requests import MemberRequest


def prediction_of(request: MemberRequest, pk: UUID) -> Prediction:
    """The upload's current answer, or the one of its earlier answers that the query names."""
    answers = selectors.predictions_for(request.user).select_related("upload", "model").defer("model__card")
    wanted = request.GET.get("answer", "")
    if wanted:
        try:
            return get_object_or_404(answers, upload=pk, pk=UUID(wanted))
        except ValueError as error:
            raise Problem("not_found") from error
    return get_object_or_404(answers, upload=pk, is_current=True)


@require_safe
def upload_detail(request: MemberRequest, pk: UUID) -> HttpResponse:
    prediction = prediction_of(request, pk)
    with suppress(Problem):  # its model is gone: the answer is still here
        feature_maps.ensure_maps(prediction)
    return detail_page(request, prediction)


def detail_page(request: MemberRequest, prediction: Prediction, problem: Problem | None = None) -> HttpResponse:
    answers = selectors.predictions_for(request.user).filter(upload=prediction.upload_id)
    context = answer_context(prediction) | maps_context(prediction)
    context |= {
        "problem": problem,
        "modes": Mode.choices,
        "answers": answers.select_related("model").defer("model__card").order_by("-created_at"),
    }
    return render(request, "upload_detail.html", context, status=problem.status if problem else 200)


@require_safe
def upload_maps(request: MemberRequest, pk: UUID) -> HttpResponse:
    """The feature maps alone, for the page to ask again until they are drawn or have failed."""
    return render(request, "_feature_maps.html", maps_context(prediction_of(request, pk)))


def answer_context(prediction: Prediction) -> dict[str, Any]:
    said = list(prediction.upload.corrections.select_related("by").order_by("created_at", "id"))
    stands = corrections.standing(said)
    held = stands.text if stands else prediction.text  # to be true
    # Asked for once, for the boxes as well; their cells are pictures of their own.
    prefetch_related_objects([prediction], Prefetch("glyphs", Glyph.objects.defer("input")))
    return {
        "prediction": prediction,
        "upload": prediction.upload,
        "glyphs": prediction.glyphs.all(),
        "corrections": corrections.spoken(said)[::-1],
        "stands": stands,
        "held": held,
        "title": held or _("No digit"),
        "places": places(prediction, stands),
        "correct_url": address_of("upload_correct", prediction),
        "box_fields": BOX_FIELDS,
        "box_radius": max(prediction.upload.width, prediction.upload.height) // 100,
    }


def address_of(name: str, prediction: Prediction) -> str:
    """What is asked or said below an earlier answer is asked or said of that one."""
    path = reverse(name, args=[prediction.upload_id])
    return path if prediction.is_current else f"{path}?{urlencode({'answer': str(prediction.pk)})}"


def maps_context(prediction: Prediction) -> dict[str, Any]:
    glyphs = list(prediction.glyphs.defer("input").prefetch_related("feature_maps"))
    job = prediction.jobs.filter(kind=Job.Kind.FEATURE_MAPS).first()
    is_pending = job is not None and job.state in (Job.State.WAITING, Job.State.RUNNING)
    return {
        "prediction": prediction,
        "maps_url": address_of("upload_maps", prediction),
        "map_glyphs": glyphs,
        "job": job,
        "is_pending": is_pending,
        "worker": worker_state() if is_pending else None,
    }


@require_POST
def upload_correct(request: MemberRequest, pk: UUID) -> HttpResponse:
    prediction = prediction_of(request, pk)
    try:
        apply_correction(request, prediction)
    except Problem as problem:
        return answer_response(request, prediction, problem)
    return answer_response(request, prediction)


def answer_response(request: MemberRequest, prediction: Prediction, problem: Problem | None = None) -> HttpResponse:
    """The answer's part of the page to a script, the whole page to a plain form."""
    if request.htmx:
        context = answer_context(prediction) | {"problem": problem}
        return render(request, "_answer_part.html", context, status=problem.status if problem else 200)
    if problem:
        return detail_page(request, prediction, problem)
    return redirect(address_of("upload_detail", prediction))


@require_POST
def upload_read_again(request: MemberRequest, pk: UUID) -> HttpResponse:
    mode = request.POST.get("mode", "")
    if mode not in Mode.values:
        raise Problem("bad_request")
    upload = get_object_or_404(selectors.uploads_for(request.user), pk=pk)
    read_again(upload, cast(result.Mode, mode))
    return redirect("upload_detail", pk)


@require_POST
def upload_delete(request: MemberRequest, pk: UUID) -> HttpResponse:
    get_object_or_404(selectors.uploads_for(request.user), pk=pk)
    deleted_at = history.delete_uploads(request.user, [pk])
    return redirect(f"{reverse('history')}?{urlencode({'deleted': deleted_at.isoformat()})}")
