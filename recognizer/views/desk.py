"""The desk: every way to give a picture, and the answer that follows the pen."""

from typing import Any, cast

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from mlcore.reading import result
from recognizer import selectors
from recognizer.drawings import draw_png
from recognizer.forms import ReadForm
from recognizer.models import Upload
from recognizer.models.prediction import Mode
from recognizer.problems import Problem
from recognizer.services.explaining.explanations import live
from recognizer.services.reading.predictions import create_prediction, read_picture
from recognizer.uploadhandlers import takes_archive
from recognizer.views.batches import create_batch, is_zip
from recognizer.views.requests import MemberRequest

EXAMPLES = ("7", "1", "4", "9", "1905", "2026")
RECENT = 6


@require_safe
def desk(request: MemberRequest) -> HttpResponse:
    return desk_page(request)


def desk_page(request: HttpRequest, problem: Problem | None = None) -> HttpResponse:
    context: dict[str, Any] = {
        "problem": problem,
        "modes": Mode.choices,
        "mode": request.POST.get("mode") or Mode.AUTO,
        "examples": EXAMPLES,
        "most_files": settings.DATA_UPLOAD_MAX_NUMBER_FILES,
        "recent": selectors.history_for(request.user)[:RECENT],
    }
    return render(request, "desk.html", context, status=problem.status if problem else 200)


@takes_archive("image")
@require_POST
def upload_create(request: MemberRequest) -> HttpResponse:
    """One picture becomes a record, several a batch; what is wrong with it is said on the desk, and nothing is kept."""
    try:
        form = checked(request)
        files = the_files(request)
        if len(files) > 1 or is_zip(files[0]):
            return redirect("batch_detail", create_batch(request, files, form["mode"]).pk)
        name, data = files[0].name or "", files[0].read()
        prediction = create_prediction(owner=request.user, data=data, name=name, draw_maps=True, **form)
    except Problem as problem:
        return desk_page(request, problem)
    return redirect("upload_detail", prediction.upload_id)


@require_POST
def example_create(request: MemberRequest) -> HttpResponse:
    """An example, for those with nothing at hand: it is read like any other picture."""
    text = request.POST.get("example", "")
    if text not in EXAMPLES:
        return desk_page(request, Problem("bad_request"))
    try:
        prediction = create_prediction(
            owner=request.user,
            data=draw_png(text),
            name=f"example-{text}.png",
            source=Upload.Source.DRAWING,
            draw_maps=True,
        )
    except Problem as problem:
        return desk_page(request, problem)
    return redirect("upload_detail", prediction.upload_id)


@require_POST
def preview(request: MemberRequest) -> HttpResponse:
    """What the reader makes of the pad just now; nothing is kept."""
    try:
        form = checked(request)
        answer = read_picture(the_files(request)[0].read(), form["mode"])
    except Problem as problem:
        return render(request, "_preview.html", {"problem": problem}, status=problem.status)
    return render(request, "_preview.html", {"reading": answer.reading, "live": live(answer)})


def checked(request: HttpRequest) -> dict[str, Any]:
    form = ReadForm(request.POST)
    if not form.is_valid():
        words = " ".join(str(error) for errors in form.errors.values() for error in errors)
        raise Problem("bad_request", words)
    return {
        "mode": cast(result.Mode, form.cleaned_data["mode"]),
        "source": form.cleaned_data["source"],
        "strokes": form.cleaned_data["strokes"],
    }


def the_files(request: HttpRequest) -> list[UploadedFile]:
    """The files of the form, at least one."""
    if getattr(request, "upload_too_large", False):
        raise Problem("file_too_large")
    files = request.FILES.getlist("image")
    if not files:
        raise Problem("missing_file", _("No image was sent. Choose one first."))
    return files
