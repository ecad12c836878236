"""Pages of presets: the list, and the page where one is created, changed and tried on a picture."""

import base64
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mlcore.reading.files.decode import encode_thumbnail
from mlcore.reading.result import Reading
from recognizer.forms.presets import PresetForm
from recognizer.http.problem_pages import with_headers
from recognizer.http.upload_handlers import check_files
from recognizer.models import Preset
from recognizer.problems import Problem
from recognizer.queries import selectors
from recognizer.services.reading.expected import expect
from recognizer.services.reading.predictions import read_unsaved
from recognizer.services.reading.presets import change_preset, clean_fields, create_preset, delete_preset
from recognizer.views.requests import UserRequest
from recognizer.words.expectations import describe_expectation, find_misfits


@dataclass(frozen=True, slots=True)
class Trial:
    """A picture read with the fields of the form, and without them. Nothing of it is stored."""

    file_name: str
    picture_url: str
    reading: Reading
    free: Reading
    misfits: list[str]


@require_safe
def presets(request: UserRequest) -> HttpResponse:
    rows = [(preset, describe_expectation(preset.expectation)) for preset in selectors.presets_for(request.user)]
    return render(request, "presets.html", {"rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
def preset_create(request: UserRequest) -> HttpResponse:
    return preset_page(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
def preset_edit(request: UserRequest, pk: UUID) -> HttpResponse:
    return preset_page(request, get_object_or_404(selectors.presets_for(request.user), pk=pk))


def preset_page(request: UserRequest, preset: Preset | None) -> HttpResponse:
    """Show the form of a preset, and save it or try it on a picture."""
    form = PresetForm(request.POST if request.method == "POST" else None, preset=preset)
    context: dict[str, Any] = {
        "form": form,
        "preset": preset,
        "is_measured": preset is not None and preset.streams.exists(),
        "is_from_desk": is_from_desk(request),
    }
    problem = None
    if form.is_bound and form.is_valid():
        try:
            if "try" in request.POST:
                context["trial"] = try_preset(request, form)
            else:
                return save_preset(request, form, preset)
        except Problem as found:
            problem = found
            form.add_problem(problem)
    status = problem.status if problem else 400 if form.errors else 200
    return with_headers(render(request, "preset.html", context, status=status), problem)


def save_preset(request: UserRequest, form: PresetForm, preset: Preset | None) -> HttpResponse:
    name, mode, fields = form.cleaned_data["name"], form.cleaned_data["mode"], form.expectation
    if preset is not None:
        change_preset(preset, name=name, mode=mode, fields=fields)
    else:
        preset = selectors.presets_for(request.user).filter(name=name, mode=mode).first()
        if preset is None or preset.expectation != clean_fields(fields):  # otherwise the form was sent twice
            preset = create_preset(owner=request.user, name=name, mode=mode, fields=fields)
    messages.success(request, _("“%s” saved. It counts for pictures that are read from now on.") % preset.name)
    if is_from_desk(request):
        return redirect(reverse("desk", query={"preset": preset.name}))
    return redirect("presets")


def is_from_desk(request: UserRequest) -> bool:
    """Return whether the start page led here. A saved preset then leads back there and is chosen."""
    return request.GET.get("from") == "desk"


def try_preset(request: UserRequest, form: PresetForm) -> Trial:
    """Read the picture of the form with its fields and without them."""
    expected = expect(Preset(name=form.cleaned_data["name"], expectation=clean_fields(form.expectation)), {})
    check_files(request)
    files = request.FILES.getlist("picture")
    if not files:
        raise Problem("missing_file", _("Choose a picture to try it on."))
    data, mode = files[0].read(), form.cleaned_data["mode"]
    answer = read_unsaved(request.user.pk, data, mode, expected=expected)
    free = read_unsaved(request.user.pk, data, mode)
    thumbnail = base64.b64encode(encode_thumbnail(answer.picture)).decode()
    misfits = [
        misfit
        for line in answer.reading.lines
        for misfit in find_misfits(line.written, expected.fields if expected else {}, answer.decimal)
    ]
    return Trial(
        files[0].name or "",
        f"data:image/jpeg;base64,{thumbnail}",
        answer.reading,
        free.reading,
        list(dict.fromkeys(misfits)),
    )


@require_POST
def preset_delete(request: UserRequest, pk: UUID) -> HttpResponse:
    preset = get_object_or_404(selectors.presets_for(request.user), pk=pk)
    delete_preset(preset)
    messages.success(request, _("“%s” deleted. Stored results keep what was expected of them.") % preset.name)
    return redirect("presets")
