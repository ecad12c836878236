"""The page "How good is it?": the streams of an account, the figures of one, its promise and its mistakes."""

from collections.abc import Sequence
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from recognizer.figures.stream_plots import stream_plots
from recognizer.figures.streams import StreamFigures
from recognizer.forms import clean_or_raise
from recognizer.forms.quality import SecondLookForm, WishForm
from recognizer.plots.plot import write_number
from recognizer.queries import selectors
from recognizer.services.history import corrections
from recognizer.services.learning.label_doctor import DoubtfulLabel, check_labels
from recognizer.services.quality.batch_errors import expected_errors
from recognizer.services.quality.figures import costs_of, figures_for, figures_of
from recognizer.services.quality.promises import checked_audits, choose_wish, counted_audits, review_since_last_good
from recognizer.services.quality.tables import audited_answers
from recognizer.services.review.mistakes import look_again, mistakes_of, with_lost_mistakes
from recognizer.services.review.review_queue import count_to_review
from recognizer.views.requests import UserRequest
from recognizer.views.uploads import fetch_prediction

MISTAKES_SHOWN = 24
LABELS_SHOWN = 24


@require_safe
def quality(request: UserRequest) -> HttpResponse:
    streams = figures_for(request.user)
    unmeasured = [figures for figures in streams if not figures.error.audited]
    undecided = [figures for figures in unmeasured if figures.sure]
    main = next((figures for figures in streams if figures.to_check), undecided[0] if undecided else None)
    context = {
        "streams": streams,
        "measured": [figures for figures in streams if figures.error.audited],
        "unmeasured": unmeasured,
        "main": main,
        "has_review": bool(undecided) and has_review(request.user, streams),
        "batches": expected_errors(request.user, streams),
    }
    return render(request, "quality.html", context)


def has_review(user: User, streams: Sequence[StreamFigures]) -> bool:
    """Return whether the review shows anything. Its queue is counted only where no audit waits."""
    return any(figures.to_check for figures in streams) or count_to_review(user, None, most=0).total > 0


@require_safe
def quality_stream(request: UserRequest, pk: UUID) -> HttpResponse:
    own = with_lost_mistakes(selectors.streams_for(request.user))
    stream = get_object_or_404(own.select_related("model").defer("model__card"), pk=pk)
    (figures,) = figures_of([stream])
    counted = counted_audits(stream)
    audits = checked_audits(counted)
    mistakes = list(mistakes_of(request.user, stream)[: MISTAKES_SHOWN + 1])
    costs = costs_of(audits)
    out_of_reach = [cost for cost in costs if cost.is_out_of_reach and cost.wish != stream.wish]
    context = {
        "stream": stream,
        "figures": figures,
        "choices": [cost for cost in costs if cost not in out_of_reach],
        "evidence": next((cost.evidence for cost in costs if cost.wish == stream.wish), None),
        "out_of_reach": get_text_list([write_number(cost.wish, percent=True) for cost in out_of_reach], _("or")),
        "has_unsettled_mistakes": any(audit.looked_again_at is None for audit in mistakes),
        "plots": stream_plots(figures, audited_answers(counted, audits)),
        "mistakes": mistakes[:MISTAKES_SHOWN],
        "mistakes_without_picture": stream.lost_mistakes,  # type: ignore[attr-defined]
        "has_more_mistakes": len(mistakes) > MISTAKES_SHOWN,
    }
    return render(request, "quality_stream.html", context)


@require_safe
def quality_labels(request: UserRequest) -> HttpResponse:
    """Show the person's own reviewed digits whose labels are unlikely."""
    check = check_labels(request.user)
    shown = check.doubtful[:LABELS_SHOWN]
    pictures: dict[UUID, list[DoubtfulLabel]] = {}
    for each in shown:
        pictures.setdefault(each.upload_id, []).append(each)
    uploads = selectors.uploads_for(request.user).in_bulk(list(pictures))
    in_order = [
        (uploads[key], sorted(digits, key=lambda each: each.number))
        for key, digits in pictures.items()
        if key in uploads
    ]
    context = {"check": check, "shown": shown, "pictures": in_order}
    return render(request, "quality_labels.html", context)


@require_POST
def quality_label_keep(request: UserRequest, pk: UUID) -> HttpResponse:
    """Say once more that a correction is right, so that it is not doubted again."""
    corrections.affirm(prediction=fetch_prediction(request, pk), by=request.user)
    messages.success(request, _("Kept. This picture is not doubted again."))
    return redirect("quality_labels")


@require_POST
def quality_wish(request: UserRequest, pk: UUID) -> HttpResponse:
    stream = get_object_or_404(selectors.streams_for(request.user), pk=pk)
    choose_wish(stream, clean_or_raise(WishForm(request.POST))["wish"])
    messages.success(request, _("Saved. It counts for answers from now on."))
    return redirect("quality_stream", pk)


@require_POST
def quality_review(request: UserRequest, pk: UUID) -> HttpResponse:
    """Put what was sure since the last good audit into review."""
    stream = get_object_or_404(selectors.streams_for(request.user), pk=pk)
    review_since_last_good(stream)
    return redirect("review")


@require_POST
def quality_look_again(request: UserRequest, pk: UUID) -> HttpResponse:
    audit = get_object_or_404(selectors.audits_for(request.user).select_related("prediction__upload"), pk=pk)
    said = clean_or_raise(SecondLookForm(request.POST))["said"]
    look_again(audit, by=request.user, is_right=said == "right")
    return redirect(f"{reverse('quality_stream', args=[audit.stream_id])}#mistakes")
