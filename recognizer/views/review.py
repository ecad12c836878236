"""The review queue: one prediction after another, without a mark that tells unsure from audited ones."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Value
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from recognizer.forms import clean_or_raise
from recognizer.forms.corrections import AlikeForm, QueueForm
from recognizer.models import Batch, Prediction, Stream
from recognizer.problems import Problem
from recognizer.queries import selectors
from recognizer.queries.filters import model_versions
from recognizer.services.history.current_corrections import current_correction
from recognizer.services.review.alike_groups import SavedGroup, next_group, save_group
from recognizer.services.review.review_queue import (
    QueueCounts,
    QueueLimits,
    count_to_review,
    look_ahead,
    streams_in_review,
)
from recognizer.views.answer_context import prediction_context
from recognizer.views.corrections import save_correction
from recognizer.views.requests import UserRequest
from recognizer.views.uploads import fetch_prediction

MAX_COUNTED = 100
MAX_FOLLOWING = 6  # pictures of the strip that shows what comes next
MAX_BATCHES = 30  # that the filter offers, the newest


@require_safe
def review(request: UserRequest) -> HttpResponse:
    queue = clean_or_raise(QueueForm(request.GET))
    own_predictions = selectors.predictions_for(request.user)
    previous = own_predictions.filter(upload=queue["previous"], is_current=True).first() if queue["previous"] else None
    return queue_page(request, queue, predictions_ahead(request, queue), previous=previous)


@require_POST
def review_correct(request: UserRequest, pk: UUID) -> HttpResponse:
    """Save the correction and show the next prediction. A number stays until the user confirms all of its digits."""
    prediction = fetch_prediction(request, pk)
    queue = clean_or_raise(QueueForm(request.POST))
    try:
        is_done = save_review(request, prediction)
    except Problem as problem:
        return queue_page(request, queue, predictions_ahead(request, queue, shown=prediction), problem=problem)
    if not is_done:
        is_taken_back = request.POST.get("action") == "undo" and queue["previous"] == pk
        queue["done"] = max(0, queue["done"] - is_taken_back)
        return queue_page(request, queue, predictions_ahead(request, queue, shown=prediction), is_saved=True)
    queue["done"] += 1
    return queue_page(request, queue, predictions_ahead(request, queue), previous=prediction)


def save_review(request: UserRequest, prediction: Prediction) -> bool:
    """Save the correction and return whether the prediction is finished."""
    action = request.POST.get("action")
    if action == "confirm" and current_correction(prediction):
        return True  # the digits were corrected one by one before; this ends the number
    save_correction(request, prediction)
    if action == "labels":
        return len(request.POST.getlist("label")) == 1
    if action == "number":  # saved, but not finished, when its field is left
        return not request.POST.get("stays")
    return action in ("confirm", "not_a_digit", "text")


def predictions_ahead(
    request: UserRequest, queue: dict[str, Any], *, shown: Prediction | None = None
) -> list[Prediction]:
    """Return the prediction to show and those that follow it. One that is shown already stays."""
    stays = [shown] if shown else []
    ahead = look_ahead(
        request.user,
        skipped=[*queue["skip"], *(each.upload_id for each in stays)],
        includes_sure=queue["all"],
        limits=queue_limits(queue),
        count=1 + MAX_FOLLOWING - len(stays),
        streams=fetch_streams(request, queue),
    )
    return [*stays, *ahead]


def fetch_streams(request: UserRequest, queue: dict[str, Any]) -> list[Stream]:
    """Return the streams with answers in review, fetched once for a request."""
    if "streams" not in queue:
        queue["streams"] = streams_in_review(request.user)
    streams: list[Stream] = queue["streams"]
    return streams


def queue_url(page: str, queue: dict[str, Any], **changes: Any) -> str:
    """Return the address of a page that goes on with the same limits of the queue."""
    limits = {"all": int(queue["all"]), **{name: queue[name] for name in ("batch", *QueueForm.FILTERS)}} | changes
    return reverse(page, query={name: value for name, value in limits.items() if value})


def queue_context(queue: dict[str, Any], batch: Batch | None) -> dict[str, Any]:
    """Return what the forms and links of the queue's pages carry along."""
    return {
        "queue_batch": batch,
        "queue_filters": [(name, queue[name]) for name in QueueForm.FILTERS if queue[name]],
        "skipped": queue["skip"],
        "includes_sure": queue["all"],
        "review_queue_url": queue_url("review", queue),
        "alike_queue_url": queue_url("review_alike", queue),
    }


def queue_limits(queue: dict[str, Any]) -> QueueLimits:
    return QueueLimits(batch_id=queue["batch"], **{name: queue[name] for name in QueueForm.FILTERS})


def queue_batch(request: UserRequest, queue: dict[str, Any], offered: Sequence[Batch] = ()) -> Batch | None:
    """Return the batch that the queue is limited to, if possible one of those that are fetched already."""
    for batch in offered:
        if batch.pk == queue["batch"]:
            return batch
    return get_object_or_404(selectors.batches_for(request.user), pk=queue["batch"]) if queue["batch"] else None


def filter_names(request: UserRequest) -> dict[str, list[str]]:
    """Return the names of the presets and models that the filters offer, fetched in one query."""
    presets = selectors.presets_for(request.user).order_by().annotate(kind=Value("presets"))
    versions = model_versions(request).order_by().annotate(kind=Value("models"))
    names: dict[str, list[str]] = {"presets": [], "models": []}
    for kind, name in presets.values_list("kind", "name").union(versions.values_list("kind", "version")):
        names[kind].append(name)
    return {kind: sorted(of_kind) for kind, of_kind in names.items()}


def queue_page(
    request: UserRequest,
    queue: dict[str, Any],
    ahead: list[Prediction],
    *,
    previous: Prediction | None = None,
    problem: Problem | None = None,
    is_saved: bool = False,
) -> HttpResponse:
    """Return the page for the first prediction, or its changed part to htmx; without any, the end of the queue."""
    prediction = ahead[0] if ahead else None
    left = count_to_review(
        request.user, prediction, MAX_COUNTED, limits=queue_limits(queue), streams=fetch_streams(request, queue)
    )
    own_batches = selectors.batches_for(request.user).order_by("-created_at")
    offered_batches = [] if request.htmx else list(own_batches[:MAX_BATCHES])
    context = queue_context(queue, queue_batch(request, queue, offered_batches)) | {
        "left_count": left.total,
        "done": queue["done"],
        "all_count": queue["done"] + left.total,
        "max_counted": MAX_COUNTED,
        "sure_queue_url": queue_url("review", queue, all=1),
        "batches": offered_batches,
        "following": ahead[1:],
        "previous": previous,
        "problem": problem,
        "is_saved": is_saved,
    }
    if previous:
        context["previous_correction"] = current_correction(previous)
    if prediction:
        is_just_fetched = not (problem or is_saved)
        is_uncorrected = is_just_fetched and prediction.correction_kind is None  # type: ignore[attr-defined]
        context |= prediction_context(prediction, hides_decision=True, is_uncorrected=is_uncorrected)
        context["correct_url"] = reverse("review_correct", args=[prediction.upload_id])
    else:
        context["has_answers"] = selectors.predictions_for(request.user).exists()
    if request.htmx:
        template = "_review_item.html"
    else:
        template = "review.html"
        context |= {"reasons": QueueForm.REASONS, "chosen": queue} | filter_names(request)
        # While one reviews, counts of each kind would tell afterwards which answers were sure.
        if left.is_mixed and not queue["done"]:
            context["mixture"] = describe_mixture(left)
    return render(request, template, context, status=problem.status if problem else 200)


def describe_mixture(left: QueueCounts) -> list[str]:
    """Return how many answers of each kind the queue holds, in words."""
    kinds = [
        ngettext("%(count)s unsure answer", "%(count)s unsure answers", left.unsure),
        ngettext(
            "%(count)s other that was chosen at random to be checked",
            "%(count)s others that were chosen at random to be checked",
            left.chosen,
        ),
        ngettext(
            "%(count)s sure answer that you put into review",
            "%(count)s sure answers that you put into review",
            left.put_back,
        ),
    ]
    counts = (left.unsure, left.chosen, left.put_back)
    return [text % {"count": counted(count)} for text, count in zip(kinds, counts, strict=True) if count]


def counted(count: int) -> str:
    return _("more than %(count)s") % {"count": MAX_COUNTED} if count > MAX_COUNTED else str(count)


@require_safe
def review_alike(request: UserRequest) -> HttpResponse:
    """Show digits of the queue that look alike, to be answered at once. The review asks only whether there are any."""
    queue = clean_or_raise(QueueForm(request.GET))
    limits, streams = queue_limits(queue), fetch_streams(request, queue)
    group = next_group(request.user, skipped=queue["skip"], limits=limits, streams=streams)
    context = queue_context(queue, queue_batch(request, queue)) | {"group": group}
    if request.htmx:
        return render(request, "_alike_offer.html", context)
    left = count_to_review(request.user, None, MAX_COUNTED, limits=limits, streams=streams)
    context |= {"left_count": left.total, "max_counted": MAX_COUNTED}
    return render(request, "review_alike.html", context)


@require_POST
def review_alike_save(request: UserRequest) -> HttpResponse:
    queue = clean_or_raise(QueueForm(request.POST))
    answer = clean_or_raise(AlikeForm(request.POST))
    saved = save_group(request.user, checked=answer["checked"], others=answer["upload"], digit=answer["digit"])
    (messages.success if saved.is_whole else messages.warning)(request, describe_saved(saved))
    return redirect(queue_url("review_alike", queue, skip=queue["skip"]))


def describe_saved(saved: SavedGroup) -> str:
    if not saved.is_whole:
        text = _("The picture to check is a %(digit)s and the others were read as another digit, so only it was saved.")
        return text % {"digit": saved.digit}
    text = ngettext("%(count)s picture is a %(digit)s.", "%(count)s pictures are a %(digit)s.", saved.count)
    return text % {"count": saved.count, "digit": saved.digit}
