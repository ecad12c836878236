"""The desk: every way to give a picture, and the answer that follows the pen."""

from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from mlcore.reading.result import Mode
from recognizer import selectors
from recognizer.forms import ReadForm
from recognizer.handwriting import draw_png
from recognizer.models import Upload
from recognizer.problems import Problem
from recognizer.services.predictions import create_prediction, read_picture
from recognizer.views.requests import MemberRequest

EXAMPLES = ("7", "1", "4", "9", "1905", "2026")
RECENT = 6


@require_GET
def desk(request: MemberRequest) -> HttpResponse:
    return desk_page(request)


def desk_page(request: HttpRequest, problem: Problem | None = None, mode: str = "auto") -> HttpResponse:
    context: dict[str, Any] = {
        "problem": problem,
        "mode": mode,
        "modes": Upload._meta.apps.get_model("recognizer", "Prediction")._meta.get_field("mode").choices,
        "examples": EXAMPLES,
        "recent": selectors.history_for(request.user)[:RECENT],
    }
    return render(request, "desk.html", context, status=problem.status if problem else 200)
