"""One picture and its answer: the permalink, its feature maps, its corrections, and what else can be done with it."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from recognizer import selectors
from recognizer.models import Correction, Glyph, Job, Prediction
from recognizer.models.prediction import Mode
from recognizer.problems import Problem
from recognizer.services import corrections, feature_maps, history
from recognizer.services.predictions import read_again
from recognizer.views.requests import MemberRequest

# A worker that is there takes a job within a second or two.
AWAY_AFTER_SECONDS = 5


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


@require_GET
def upload_detail(request: MemberRequest, pk: UUID) -> HttpResponse:
    prediction = prediction_of(request, pk)
    feature_maps.ensure_maps(prediction)
    context = answer_context(prediction) | maps_context(prediction)
    context["answers"] = list(
        selectors.predictions_for(request.user).filter(upload=pk).select_related("model").defer("model__card").order_by("-created_at")
    )
    context["modes"] = Mode.choices
    return render(request, "upload_detail.html", context)


@require_GET
def upload_maps(request: MemberRequest, pk: UUID) -> HttpResponse:
    """The feature maps alone, for the page to ask again until they are drawn or have failed."""
    return render(request, "_feature_maps.html", maps_context(prediction_of(request, pk)))


def answer_context(prediction: Prediction) -> dict[str, Any]:
    said = list(prediction.upload.corrections.select_related("by").order_by("created_at", "id"))
    stands = corrections.standing(said)
    glyphs = list(prediction.glyphs.defer("input"))
    return {
        "prediction": prediction,
        "upload": prediction.upload,
        "glyphs": glyphs,
        "corrections": said[::-1],
        "stands": stands,
        "places": places(prediction, glyphs, stands),
        "box_radius": max(prediction.upload.width, prediction.upload.height) // 100,
    }


def places(prediction: Prediction, glyphs: list[Glyph], stands: Correction | None) -> list[dict[str, Any]]:
    """The boxes over the picture: where a person says that digits are, or else where the reader found them."""
    if stands and stands.boxes:
        keys = ("x", "y", "width", "height")
        return [dict(zip(keys, item["box"], strict=True), label=item["label"]) for item in stands.boxes]
    return [{"x": g.x, "y": g.y, "width": g.width, "height": g.height, "label": str(g.digit)} for g in glyphs]


def maps_context(prediction: Prediction) -> dict[str, Any]:
    glyphs = list(prediction.glyphs.defer("input").prefetch_related("feature_maps"))
    job = prediction.jobs.filter(kind=Job.Kind.FEATURE_MAPS).first()
    waited = (timezone.now() - job.created_at).total_seconds() if job else 0.0
    return {
        "prediction": prediction,
        "map_glyphs": glyphs,
        "job": job,
        "is_pending": job is not None and job.state in (Job.State.WAITING, Job.State.RUNNING),
        "worker_is_away": job is not None and job.state == Job.State.WAITING and waited > AWAY_AFTER_SECONDS,
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
    if problem is None and not request.htmx:
        return redirect("upload_detail", prediction.upload_id)
    context = answer_context(prediction) | {"problem": problem}
    if request.htmx:
        return render(request, "_answer.html", context, status=problem.status if problem else 200)
    context |= maps_context(prediction) | {"answers": [prediction], "modes": Mode.choices}
    return render(request, "upload_detail.html", context, status=problem.status if problem else 200)


def apply_correction(request: MemberRequest, prediction: Prediction) -> None:
    """One button of the page is one appended correction."""
    action, value = request.POST.get("action", ""), request.POST.get("value", "").strip()
    who: dict[str, Any] = {"prediction": prediction, "by": request.user}
    match action:
        case "confirm" | "not_a_digit" | "undo":
            corrections.correct(**who, kind=action)
        case "text":
            corrections.correct(**who, kind="correct", text=value)
        case "digit":
            corrections.correct_glyph(**who, position=number(request, "position"), label=value)
        case "split":
            corrections.split_box(**who, position=number(request, "position"), labels=value)
        case "merge":
            corrections.merge_boxes(**who, position=number(request, "position"), label=value)
        case "remove":
            corrections.remove_box(**who, position=number(request, "position"))
        case "add":
            x, y, width, height = (number(request, name) for name in ("x", "y", "width", "height"))
            corrections.add_box(**who, box=(x, y, width, height), label=value)
        case _:
            raise Problem("bad_request")


def number(request: MemberRequest, name: str) -> int:
    try:
        return round(float(request.POST.get(name, "")))
    except (ValueError, OverflowError) as error:
        raise Problem("invalid", f"{name} must be a number.") from error


@require_POST
def upload_read_again(request: MemberRequest, pk: UUID) -> HttpResponse:
    mode = request.POST.get("mode", "")
    if mode not in Mode.values:
        raise Problem("bad_request")
    upload = get_object_or_404(selectors.uploads_for(request.user), pk=pk)
    read_again(upload, mode)  # type: ignore[arg-type]  (checked above)
    return redirect("upload_detail", pk)


@require_POST
def upload_delete(request: MemberRequest, pk: UUID) -> HttpResponse:
    get_object_or_404(selectors.uploads_for(request.user), pk=pk)
    deleted_at = history.delete_uploads(request.user, [pk])
    return redirect(f"{reverse('history')}?{urlencode({'deleted': deleted_at.isoformat()})}")
