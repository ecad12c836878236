"""The page of one picture: its prediction, feature maps, corrections and other actions."""

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.db.models import Prefetch, prefetch_related_objects
from django.http import HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from mlcore.explaining.mosaic import MAX_MAPPED_GLYPHS
from mlcore.reading import result
from recognizer.bodies.answers import prediction_body
from recognizer.bodies.plain import write
from recognizer.forms import clean_or_raise
from recognizer.forms.reading import PAGE_MODES, ReadAgainForm
from recognizer.models import Glyph, Job, Prediction
from recognizer.problems import Problem
from recognizer.queries import selectors
from recognizer.services.history import bulk_actions
from recognizer.services.history.pages import neighbours_of
from recognizer.services.reading import feature_maps
from recognizer.services.reading.predictions import reread_upload
from recognizer.services.work.worker_state import worker_state
from recognizer.views.answer_context import prediction_context, prediction_url
from recognizer.views.corrections import save_correction
from recognizer.views.history import list_of, redirect_to_list
from recognizer.views.requests import UserRequest
from recognizer.words.expectations import describe_expectation


def fetch_prediction(request: UserRequest, pk: UUID) -> Prediction:
    """Return the upload's current prediction, or the earlier one that the query names."""
    predictions = selectors.detailed_predictions_for(request.user).select_related("upload__batch_item__batch", "stream")
    earlier = request.GET.get("answer", "")
    if earlier:
        try:
            return get_object_or_404(predictions, upload=pk, pk=UUID(earlier))
        except ValueError as error:
            raise Problem("not_found") from error
    return get_object_or_404(predictions, upload=pk, is_current=True)


@require_safe
def upload_detail(request: UserRequest, pk: UUID) -> HttpResponse:
    prediction = fetch_prediction(request, pk)
    try:
        job = feature_maps.ensure_maps(prediction)
    except Problem:  # the model's files are gone: show the prediction without feature maps
        job = feature_maps.find_job(prediction)
    return detail_page(request, prediction, job)


def detail_page(
    request: UserRequest, prediction: Prediction, job: Job | None, problem: Problem | None = None
) -> HttpResponse:
    predictions = selectors.predictions_for(request.user).filter(upload=prediction.upload_id)
    context = prediction_context(prediction) | maps_context(prediction, job)
    context |= {
        "problem": problem,
        "modes": PAGE_MODES,
        "presets": selectors.presets_for(request.user).values_list("name", flat=True),
        "expected": describe_expectation(prediction.expected_fields),
        "table": QueryDict(request.GET["table"]).urlencode() if "table" in request.GET else None,
        "neighbours": neighbours_of(request.user, prediction),
        "answers": predictions.select_related("model").defer("model__card").order_by("-created_at"),
    }
    return render(request, "upload_detail.html", context, status=problem.status if problem else 200)


@require_safe
def upload_maps(request: UserRequest, pk: UUID) -> HttpResponse:
    """Return the feature maps alone. The page asks again until they are drawn or have failed."""
    prediction = fetch_prediction(request, pk)
    return render(request, "_feature_maps.html", maps_context(prediction, feature_maps.find_job(prediction)))


@require_safe
def upload_answer(request: UserRequest, pk: UUID) -> JsonResponse:
    """Return the prediction as the API's JSON, for people who copy it from the page."""
    prediction = fetch_prediction(request, pk)
    glyphs = prediction.glyphs.defer("input")
    return JsonResponse(
        write(prediction_body(prediction, glyphs, request.build_absolute_uri)), json_dumps_params={"indent": 2}
    )


def maps_context(prediction: Prediction, job: Job | None) -> dict[str, Any]:
    """Return what the template needs to show the feature maps, or the state of the job that draws them."""
    prefetch_related_objects([prediction], Prefetch("glyphs", Glyph.objects.defer("input")))  # unless they are there
    glyphs = list(prediction.glyphs.all())[:MAX_MAPPED_GLYPHS]
    prefetch_related_objects(glyphs, "feature_maps")
    is_pending = job is not None and job.state in (Job.State.WAITING, Job.State.RUNNING)
    return {
        "prediction": prediction,
        "maps_url": prediction_url("upload_maps", prediction),
        "map_glyphs": glyphs,
        "job": job,
        "is_pending": is_pending,
        "had_no_room": job is not None and feature_maps.had_no_room(job),
        "worker": worker_state() if is_pending else None,
    }


@require_POST
def upload_correct(request: UserRequest, pk: UUID) -> HttpResponse:
    prediction = fetch_prediction(request, pk)
    try:
        save_correction(request, prediction)
    except Problem as problem:
        return correction_response(request, prediction, problem)
    return correction_response(request, prediction)


def correction_response(request: UserRequest, prediction: Prediction, problem: Problem | None = None) -> HttpResponse:
    """Return the changed part of the page to htmx. A plain form gets a redirect, or the page with the problem."""
    if request.htmx:
        context = prediction_context(prediction) | {"problem": problem, "is_saved": not problem}
        return render(request, "_answer_part.html", context, status=problem.status if problem else 200)
    if problem:
        return detail_page(request, prediction, feature_maps.find_job(prediction), problem)
    messages.success(request, _("Saved."))
    return redirect(prediction_url("upload_detail", prediction))


@require_POST
def upload_read_again(request: UserRequest, pk: UUID) -> HttpResponse:
    data = clean_or_raise(ReadAgainForm(request.POST))
    upload = get_object_or_404(selectors.uploads_for(request.user), pk=pk)
    reread_upload(upload, cast(result.Mode, data["mode"]), preset_name=data["expect"])
    return redirect("upload_detail", pk)


@require_POST
def upload_delete(request: UserRequest, pk: UUID) -> HttpResponse:
    """Delete the picture, and lead back to the table of the batch that it was opened from, or to the history."""
    get_object_or_404(selectors.uploads_for(request.user), pk=pk)
    table = request.POST.get("table")
    batch = None if table is None else selectors.batches_for(request.user).filter(items__upload=pk).first()
    deleted_at = bulk_actions.delete_uploads(request.user, [pk])
    data = {"batch": batch and batch.pk, "table": table}
    return redirect_to_list(*list_of(data), deleted=deleted_at.isoformat())
