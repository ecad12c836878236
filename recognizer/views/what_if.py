"""The page on which the ink of a digit is changed, by hand or by a search for the smallest change."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from recognizer.forms import clean_or_raise
from recognizer.forms.explaining import ChangedInkForm
from recognizer.http.problem_pages import with_headers
from recognizer.problems import Problem
from recognizer.services.explaining.explanations import ExplainedGlyph
from recognizer.services.explaining.what_if import WhatIf, change_ink, parse_cells, repair_ink
from recognizer.services.limits.budgets import has_own_budget, preview_rate, spend
from recognizer.views.explorer import explained_glyph, link_query
from recognizer.views.requests import UserRequest


@require_safe
def what_if(request: UserRequest, pk: UUID) -> HttpResponse:
    """Show the unchanged digit or, for `?to=4`, the smallest change that makes it a 4."""
    explained = explained_glyph(request, pk)
    to = clean_or_raise(ChangedInkForm(request.GET))["to"]
    if to:
        return what_if_page(request, explained, repair_ink(explained, explained.image, int(to), request.user.pk))
    return what_if_page(request, explained, change_ink(explained, explained.image))


def what_if_page(request: HttpRequest, explained: ExplainedGlyph, result: WhatIf) -> HttpResponse:
    context = {
        "explained": explained,
        "prediction": explained.glyph.prediction,
        "result": result,
        "targets": range(10),
        "query": link_query(explained),
    }
    return render(request, "explorer/what_if.html", context)


@has_own_budget
@require_POST
def what_if_answer(request: UserRequest, pk: UUID) -> HttpResponse:
    """Return what the network reads in the changed digit, as a part of the page. The previews' budget pays for it."""
    explained = explained_glyph(request, pk)
    try:
        spend(preview_rate(request.user.pk), request.user.pk)
        result = change_ink(explained, parse_cells(clean_or_raise(ChangedInkForm(request.POST))["cells"]))
    except Problem as problem:
        return problem_part(request, problem)
    return render(request, "explorer/_what_if_answer.html", {"result": result, "explained": explained})


@require_POST
def what_if_repair(request: UserRequest, pk: UUID) -> HttpResponse:
    """Search the smallest change that makes the digit another one. Without script the answer is a whole page."""
    explained = explained_glyph(request, pk)
    try:
        data = clean_or_raise(ChangedInkForm(request.POST))
        if not data["to"]:
            raise Problem("invalid", _("Choose a digit from 0 to 9."))
        image = parse_cells(data["cells"]) if data["cells"] else explained.image
        result = repair_ink(explained, image, int(data["to"]), request.user.pk)
    except Problem as problem:
        if request.POST.get("part"):
            return problem_part(request, problem)
        raise
    if data["part"]:
        return render(request, "explorer/_what_if_answer.html", {"result": result, "explained": explained})
    return what_if_page(request, explained, result)


def problem_part(request: HttpRequest, problem: Problem) -> HttpResponse:
    response = render(request, "explorer/_what_if_answer.html", {"problem": problem}, status=problem.status)
    return with_headers(response, problem)
