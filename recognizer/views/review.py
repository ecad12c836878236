"""The review queue: unsure predictions one after another, the least confident first."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from recognizer import selectors
from recognizer.forms import clean_or_raise
from recognizer.forms.corrections import QueueForm
from recognizer.models import Batch, Prediction
from recognizer.problems import Problem
from recognizer.services.history import corrections
from recognizer.views.corrections import save_correction
from recognizer.views.requests import UserRequest
from recognizer.views.uploads import fetch_prediction, prediction_context

MAX_COUNTED = 100


@require_safe
def review(request: UserRequest) -> HttpResponse:
    queue = clean_or_raise(QueueForm(request.GET))
    own_predictions = selectors.predictions_for(request.user)
    previous = own_predictions.filter(upload=queue["previous"], is_current=True).first() if queue["previous"] else None
    return queue_page(request, queue, next_prediction(request, queue), previous=previous)


@require_POST
def review_correct(request: UserRequest, pk: UUID) -> HttpResponse:
    """Save the correction and show the next prediction. A number stays until the user confirms all of its digits."""
    prediction = fetch_prediction(request, pk)
    queue = clean_or_raise(QueueForm(request.POST))
    try:
        is_done = save_review(request, prediction)
    except Problem as problem:
        return queue_page(request, queue, prediction, problem=problem)
    if not is_done:
        return queue_page(request, queue, prediction, is_saved=True)
    return queue_page(request, queue, next_prediction(request, queue), previous=prediction)


def save_review(request: UserRequest, prediction: Prediction) -> bool:
    """Save the correction and return whether the prediction is finished."""
    action = request.POST.get("action")
    if action == "confirm" and corrections.current_correction(prediction):
        return True  # the digits were corrected one by one before; this ends the number
    save_correction(request, prediction)
    if action == "labels":
        return len(request.POST.getlist("label")) == 1
    if action == "number":  # saved, but not finished, when its field is left
        return not request.POST.get("stays")
    return action in ("confirm", "not_a_digit", "text")


def next_prediction(request: UserRequest, queue: dict[str, Any]) -> Prediction | None:
    """Return the least confident unsure prediction. Where all are wanted, the others follow."""
    rows = queued_predictions(request, queue).exclude(upload__in=queue["skip"])
    unsure = rows.filter(decision=Prediction.Decision.UNSURE).first()
    return unsure or (rows.first() if queue["all"] else None)


def queued_predictions(request: UserRequest, queue: dict[str, Any]) -> QuerySet[Prediction]:
    rows = selectors.review_queue_for(request.user)
    return rows.filter(upload__batch_item__batch=queue["batch"]) if queue["batch"] else rows


def count_unsure(request: UserRequest, queue: dict[str, Any], shown: Prediction | None) -> int:
    """Count the unsure predictions left to review, including the shown one; stop at MAX_COUNTED + 1."""
    unsure = queued_predictions(request, queue).filter(decision=Prediction.Decision.UNSURE)
    if shown:
        unsure = unsure.exclude(upload=shown.upload_id)  # some of its digits may be corrected already
    # Unordered: with an order, the database would walk through all sure predictions to find the few unsure ones.
    others = unsure.order_by()[: MAX_COUNTED + 1].count()
    return others + bool(shown and shown.decision == Prediction.Decision.UNSURE)


def queue_batch(request: UserRequest, queue: dict[str, Any]) -> Batch | None:
    """Return the batch that the queue is limited to."""
    return get_object_or_404(selectors.batches_for(request.user), pk=queue["batch"]) if queue["batch"] else None


def queue_page(
    request: UserRequest,
    queue: dict[str, Any],
    prediction: Prediction | None,
    *,
    previous: Prediction | None = None,
    problem: Problem | None = None,
    is_saved: bool = False,
) -> HttpResponse:
    """Return the page for the prediction, or its changed part to htmx; without a prediction, the end of the queue."""
    skipped: Collection[UUID] = queue["skip"]
    context: dict[str, Any] = {
        "unsure_count": count_unsure(request, queue, prediction),
        "max_counted": MAX_COUNTED,
        "skipped": skipped,
        "includes_sure": queue["all"],
        "queue_batch": queue_batch(request, queue),
        "previous": previous,
        "problem": problem,
        "is_saved": is_saved,
    }
    if previous:
        context["previous_correction"] = corrections.current_correction(previous)
    if prediction:
        context |= prediction_context(prediction)
        context["correct_url"] = reverse("review_correct", args=[prediction.upload_id])
    template = "_review_item.html" if request.htmx else "review.html"
    return render(request, template, context, status=problem.status if problem else 200)
