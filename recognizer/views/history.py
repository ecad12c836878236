from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from recognizer.problems import Problem
from recognizer.services.history import bring_back, history_page
from recognizer.views.requests import MemberRequest


@require_GET
def history(request: MemberRequest) -> HttpResponse:
    page = history_page(request.user, cursor=request.GET.get("cursor", ""))
    return render(request, "history.html", {"page": page, "deleted": request.GET.get("deleted", "")})


@require_POST
def history_bring_back(request: MemberRequest) -> HttpResponse:
    try:
        deleted_at = datetime.fromisoformat(request.POST.get("deleted", ""))
    except ValueError as error:
        raise Problem("bad_request") from error
    bring_back(request.user, deleted_at)
    return redirect("history")
