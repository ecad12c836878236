"""The start page, where pictures are drawn, uploaded and pasted, with the preview of a drawing."""

from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from mlcore.reading import result
from mlcore.reading.files.decode import MAX_BYTES
from mlcore.reading.files.header import PICTURE_FORMATS
from recognizer.figures.drawings import draw_png
from recognizer.forms import clean_or_raise
from recognizer.forms.reading import PAGE_MODES, ExampleForm, ReadForm
from recognizer.http.problem_pages import with_headers
from recognizer.models import Upload
from recognizer.models.prediction import Mode
from recognizer.problems import Problem
from recognizer.queries import selectors
from recognizer.services.batches import intake
from recognizer.services.batches.zip_directory import ZIP_MAX_BYTES
from recognizer.services.explaining.live import preview_layers
from recognizer.services.limits.budgets import has_own_budget, preview_rate, spend
from recognizer.services.reading.expected import expect_in_mode
from recognizer.services.reading.predictions import PictureReading, create_prediction, read_unsaved
from recognizer.services.registry.thresholds import sure_from
from recognizer.views.batches import has_many_pictures, sent_files, start_batch
from recognizer.views.requests import UserRequest

RECENT = 6


@login_required(login_url="front_door")
@require_safe
def desk(request: UserRequest) -> HttpResponse:
    return desk_page(request)


def desk_page(request: HttpRequest, problem: Problem | None = None) -> HttpResponse:
    context: dict[str, Any] = {
        "problem": problem,
        "modes": PAGE_MODES,
        "mode": request.POST.get("mode") or Mode.LINES,
        "presets": selectors.presets_for(request.user).values_list("name", "mode"),
        "preset": request.POST.get("preset") or request.GET.get("preset", ""),
        "previous": request.POST.get("previous", ""),
        "examples": ExampleForm.EXAMPLES,
        "most_files": intake.MAX_ITEMS,
        "most_bytes": MAX_BYTES,
        "most_zip_bytes": ZIP_MAX_BYTES,
        "picture_formats": PICTURE_FORMATS,
        "recent": selectors.history_for(request.user)[:RECENT],
    }
    response = render(request, "desk.html", context, status=problem.status if problem else 200)
    return with_headers(response, problem)


@require_POST
def upload_create(request: UserRequest) -> HttpResponse:
    """Read one picture, or start a batch for several. A problem is shown on the start page, and nothing is stored."""
    try:
        options = read_options(request)
        files = sent_files(request)
        if len(files) > 1 or has_many_pictures(files[0]):
            return redirect("batch_detail", start_batch(request, files, options["mode"], options["expected"]).pk)
        name, data = files[0].name or "", files[0].read()
        try:
            prediction = create_prediction(owner=request.user, data=data, name=name, draw_maps=True, **options)
        except Problem as problem:
            raise problem.with_file(name) from problem
    except Problem as problem:
        return desk_page(request, problem)
    page = reverse("upload_detail", args=[prediction.upload_id])
    is_drawing = options["source"] == Upload.Source.DRAWING
    return redirect(f"{page}?drawn=1" if is_drawing else page)  # the browser may drop its copy of the drawing


@require_POST
def example_create(request: UserRequest) -> HttpResponse:
    """Read an example picture as if the user had drawn it."""
    try:
        text = clean_or_raise(ExampleForm(request.POST))["example"]
        prediction = create_prediction(
            owner=request.user,
            data=draw_png(text),
            name=f"example-{text}.png",
            source=Upload.Source.DRAWING,
            mode="lines",
            draw_maps=True,
        )
    except Problem as problem:
        return desk_page(request, problem)
    return redirect("upload_detail", prediction.upload_id)


@has_own_budget
@require_POST
def preview(request: UserRequest) -> HttpResponse:
    """Read the unfinished drawing. Nothing is stored, and a budget of its own pays for it."""
    try:
        spend(preview_rate(request.user.pk), request.user.pk)
        options = read_options(request)
        data, mode, expected = sent_files(request)[0].read(), options["mode"], options["expected"]
        answer = read_unsaved(request.user.pk, data, mode, expected=expected, is_preview=True)
    except Problem as problem:
        return preview_problem(request, problem)
    return preview_part(request, answer)


def preview_part(request: HttpRequest, answer: PictureReading) -> HttpResponse:
    """Return the part of the page that shows the reading of a drawing, with all layers of the network on request."""
    context = {
        "reading": answer.reading,
        "written_lines": answer.reading.lines,
        "sure_from": sure_from(answer.reading.written, answer.mode, answer.model.reader.thresholds, answer.threshold),
        "live_layers": preview_layers(answer) if request.POST.get("layers") else [],
    }
    return render(request, "_preview.html", context)


def preview_problem(request: HttpRequest, problem: Problem) -> HttpResponse:
    response = render(request, "_preview.html", {"problem": problem}, status=problem.status)
    return with_headers(response, problem)


def read_options(request: UserRequest) -> dict[str, Any]:
    """Return mode, expectation, source and strokes from the form. Raise a Problem if they are not valid.

    The form always has a mode, so that of a preset takes its place.
    """
    data = clean_or_raise(ReadForm(request.POST))
    mode, expected = expect_in_mode(
        request.user.pk,
        mode=None if data["preset"] else cast(result.Mode, data["mode"]),
        preset_name=data["preset"],
        fields={"previous": data["previous"]},
    )
    return {"mode": mode, "expected": expected, "source": data["source"], "strokes": data["strokes"]}
