"""The review queue: what was least sure first, one after another, by keyboard alone."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from recognizer import selectors
from recognizer.models import Prediction
from recognizer.problems import Problem
from recognizer.services.history import corrections
from recognizer.views.correcting import apply_correction
from recognizer.views.requests import MemberRequest
from recognizer.views.uploads import answer_context, prediction_of

COUNTED_TO = 100


@require_safe
def review(request: MemberRequest) -> HttpResponse:
    skipped = request.GET.getlist("skip")[-COUNTED_TO:]
    before = known(request.GET.getlist("previous")[-1:])
    previous = selectors.predictions_for(request.user).filter(upload__in=before, is_current=True).first()
    return item_response(request, next_of(request, skipped), skipped=skipped, previous=previous)


@require_POST
def review_correct(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Apply what was said, and go on to the next; a number stays until all of it was looked at."""
    prediction = prediction_of(request, pk)
    skipped = request.POST.getlist("skip")[-COUNTED_TO:]
    try:
        is_done = settle(request, prediction)
    except Problem as problem:
        return item_response(request, prediction, skipped=skipped, problem=problem)
    following = next_of(request, skipped) if is_done else prediction
    return item_response(request, following, skipped=skipped, previous=prediction if is_done else None)


def settle(request: MemberRequest, prediction: Prediction) -> bool:
    """Whether this picture is dealt with."""
    action = request.POST.get("action")
    stands = corrections.standing_of(prediction)
    if action == "confirm" and stands:
        return True  # its digits were corrected one by one, and Enter says: that was all
    apply_correction(request, prediction)
    if action == "labels":
        return len(request.POST.getlist("label")) == 1
    return action in ("confirm", "not_a_digit", "text")


def next_of(request: MemberRequest, skipped: list[str]) -> Prediction | None:
    """Unsure answers first; then, if the person wants, the others, by how sure they were."""
    queue = selectors.review_queue_for(request.user).exclude(upload__in=known(skipped))
    found = queue.filter(decision=Prediction.Decision.UNSURE).first()
    return found or (queue.first() if "all" in request.GET or "all" in request.POST else None)


def known(ids: list[str]) -> list[UUID]:
    try:
        return [UUID(each) for each in ids]
    except ValueError as error:
        raise Problem("bad_request") from error


def unsure_left(request: MemberRequest, shown: Prediction | None) -> int:
    """With the one that is shown, of whose digits some may have been corrected; at most one more than is counted to."""
    unsure = selectors.review_queue_for(request.user).filter(decision=Prediction.Decision.UNSURE)
    if shown:
        unsure = unsure.exclude(upload=shown.upload_id)
    # Without its order, or the database would walk over all that is sure to find that few are not.
    others = unsure.order_by()[: COUNTED_TO + 1].count()
    return others + bool(shown and shown.decision == Prediction.Decision.UNSURE)


def item_response(
    request: MemberRequest,
    prediction: Prediction | None,
    *,
    skipped: list[str],
    previous: Prediction | None = None,
    problem: Problem | None = None,
) -> HttpResponse:
    left = unsure_left(request, prediction)
    context: dict[str, Any] = {"left": left, "counted_to": COUNTED_TO, "skipped": skipped, "problem": problem}
    context |= {"everything": "all" in request.GET or "all" in request.POST, "previous": previous}
    if prediction:
        context |= answer_context(prediction)
        context["correct_url"] = reverse("review_correct", args=[prediction.upload_id])
    template = "_review_item.html" if request.htmx else "review.html"
    return render(request, template, context, status=problem.status if problem else 200)
