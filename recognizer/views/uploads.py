"""The page of one picture: its prediction, feature maps, corrections and other actions."""

from collections.abc import Collection, Container
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.db.models import Prefetch, prefetch_related_objects
from django.http import HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from mlcore.explaining.mosaic import MAX_MAPPED_GLYPHS
from mlcore.reading import result
from mlcore.reading.expectations.expectation import bare_digits
from recognizer.bodies.answers import prediction_body
from recognizer.bodies.plain import write
from recognizer.forms import clean_or_raise
from recognizer.forms.corrections import BOX_FIELDS
from recognizer.forms.reading import PAGE_MODES, ReadAgainForm
from recognizer.models import Glyph, Job, Prediction
from recognizer.models.stored_readings import lines_of, unread_boxes, unread_of
from recognizer.problems import Problem
from recognizer.queries import selectors
from recognizer.services.history import bulk_actions
from recognizer.services.history.current_corrections import entered_corrections, select_current
from recognizer.services.history.pages import neighbours_of
from recognizer.services.reading import feature_maps
from recognizer.services.reading.predictions import reread_upload
from recognizer.services.registry.thresholds import sure_rule, threshold_of
from recognizer.services.work.worker_state import worker_state
from recognizer.views.corrections import box_values, save_correction, split_lines
from recognizer.views.history import list_of, redirect_to_list
from recognizer.views.requests import UserRequest
from recognizer.words.answers import find_doubtful, in_one_line, line_doubt, split_likely
from recognizer.words.expectations import describe_expectation, find_misfits

MAX_CARDS = 60  # of the digits of a picture
WIDE = 3.5  # a picture that is so many times as wide as high stands above the answer, not beside it
MAX_DOUBTS = 3  # lines whose doubts are told
OPEN_CARDS = 6  # of a longer number, the least certain digits are shown, and the others are folded


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


def prediction_context(
    prediction: Prediction, *, hides_decision: bool = False, is_uncorrected: bool = False
) -> dict[str, Any]:
    """Return what the templates need to show a prediction with its corrections, of which it may be known to have none.

    Where the decision is hidden, the least certain digit is marked in sure answers, too.
    """
    own_corrections = prediction.upload.corrections.select_related("by").order_by("created_at", "id")
    rows = [] if is_uncorrected else list(own_corrections)
    current = select_current(rows)
    current_written = current.written if current else prediction.written
    # Fetched once, for the boxes as well. The inputs are left out: they are pictures with their own addresses.
    prefetch_related_objects([prediction], Prefetch("glyphs", Glyph.objects.defer("input")))
    glyphs = prediction.glyphs.all()
    # Marked until somebody corrects the answer.
    lines = lines_of(prediction, glyphs)
    doubtful = None if current else find_doubtful(lines, is_any_marked=hides_decision)
    misfits = [
        misfit
        for line in lines
        if line.reason == "unexpected"
        for misfit in find_misfits(line.written, prediction.expected_fields, prediction.decimal_mark)
    ]
    line_numbers = [number for number, line in enumerate(lines, 1) for _glyph in line.glyphs] if len(lines) > 1 else []
    is_marked = not current and not hides_decision
    unsure_lines = [
        number
        for number, line in enumerate(lines, 1)
        if is_marked and len(lines) > 1 and line.decision == Prediction.Decision.UNSURE
    ]
    unsure = {position for position, number in enumerate(line_numbers) if number in unsure_lines}
    boxes = box_values(prediction, current, doubtful, unsure)
    unread = unread_of(prediction)
    has_several_lines = "\n" in current_written or prediction.reason == "several_lines"
    in_question = {doubtful, *find_corrected(glyphs, current_written if current else "")}
    cards, other_cards = glyph_cards(list(glyphs), doubtful, in_question, unsure)
    for card in [*cards, *other_cards] if line_numbers else ():
        position = card["glyph"].position
        card |= {"line": line_numbers[position], "is_unsure": position in unsure}
    return {
        "prediction": prediction,
        "upload": prediction.upload,
        "glyphs": glyphs,
        "unread": unread,
        "unsure_digits": unsure,
        "unsure_lines": unsure_lines,
        "line_doubts": [line_doubt(number, lines[number - 1]) for number in unsure_lines[:MAX_DOUBTS]],
        "unread_boxes": unread_boxes(unread),
        "doubtful": doubtful,
        "misfits": list(dict.fromkeys(misfits)),
        "hides_decision": hides_decision,
        "cards": cards,
        "other_cards": other_cards,
        "doubtful_card": next((card for card in [*cards, *other_cards] if card["is_doubtful"]), None),
        "sure_from": None if hides_decision else threshold_of(prediction),
        "sure_rule": sure_rule(prediction) if prediction.text and not hides_decision else None,
        "correction_history": entered_corrections(rows)[::-1],
        "current_correction": current,
        "current_written": current_written,
        "written_lines": current_written.split("\n") if current else lines,
        "title": in_one_line(current_written) or _("No digit"),
        "boxes": boxes,
        "box_lines": split_lines(boxes),
        "has_several_lines": has_several_lines,
        "has_signs": has_several_lines or bool(current_written.strip("0123456789")),
        "correct_url": prediction_url("upload_correct", prediction),
        "json_url": prediction_url("upload_answer", prediction),
        "box_fields": BOX_FIELDS,
        "is_wide": prediction.upload.width > WIDE * prediction.upload.height,
        "box_radius": max(prediction.upload.width, prediction.upload.height) // 100,
    }


def find_corrected(glyphs: Collection[Glyph], written: str) -> set[int]:
    """Return the positions of the digits that were read as others than a correction with as many digits says."""
    labels = bare_digits(written)
    if len(labels) != len(glyphs):
        return set()
    return {glyph.position for glyph, label in zip(glyphs, labels, strict=True) if str(glyph.digit) != label}


def glyph_cards(
    glyphs: list[Glyph], doubtful: int | None, in_question: Container[int | None], unsure: Collection[int]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the digits that the page explains one by one, and those that it folds, both in reading order.

    Of very many digits the least certain ones are explained. Where lines are unsure, only their digits are open. A
    digit in question, or a single one, links to the reasons in sight.
    """
    ranked = sorted(glyphs, key=lambda glyph: (glyph.position not in unsure, glyph.confidence))[:MAX_CARDS]
    open_cards = {glyph.position for glyph in ranked[: min(OPEN_CARDS, len(unsure) or OPEN_CARDS)]}
    cards: list[dict[str, Any]] = []
    folded: list[dict[str, Any]] = []
    for glyph in sorted(ranked, key=lambda glyph: glyph.position):
        likely, unlikely = split_likely(glyph)
        card = {
            "glyph": glyph,
            "is_doubtful": glyph.position == doubtful,
            "is_in_question": glyph.position in in_question or len(glyphs) == 1,
            "likely": likely,
            "unlikely": unlikely,
        }
        (cards if glyph.position in open_cards else folded).append(card)
    return cards, folded


def prediction_url(name: str, prediction: Prediction) -> str:
    """Return the address of a view for this prediction. An earlier prediction is named in the query."""
    path = reverse(name, args=[prediction.upload_id])
    return path if prediction.is_current else f"{path}?{urlencode({'answer': str(prediction.pk)})}"


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
