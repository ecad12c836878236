"""The page of visitors without an account, with a pad whose drawings are read and not stored."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from recognizer.problems import Problem
from recognizer.services.limits.budgets import spend, visitor_rate
from recognizer.services.reading.visitors import read_drawing, read_examples
from recognizer.views.batches import sent_files
from recognizer.views.desk import preview_part, preview_problem


@login_not_required
@require_safe
def front_door(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("desk")
    try:
        examples = read_examples()
    except Problem:  # no model can be loaded; the page can still lead to the login
        examples = ()
    context = {"examples": examples, "has_pad": settings.PREVIEWS_PER_ADDRESS > 0}
    return render(request, "front_door.html", context)


@login_not_required
@require_POST
def visitor_preview(request: HttpRequest) -> HttpResponse:
    """Read a visitor's unfinished drawing. Nothing is stored, and the visitor's address pays for it."""
    try:
        spend(visitor_rate(request))
        answer = read_drawing(sent_files(request)[0].read())
    except Problem as problem:
        return preview_problem(request, problem)
    return preview_part(request, answer)
