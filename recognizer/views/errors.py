"""Every error as a page in plain words, or as problem details where a program asked."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from recognizer.problems import Problem


def problem_page(request: HttpRequest, problem: Problem) -> HttpResponse:
    if request.path.startswith("/api/"):
        body = {
            "type": "about:blank",
            "title": problem.title,
            "status": problem.status,
            "detail": problem.detail,
            "code": problem.code,
        }
        return JsonResponse(body, status=problem.status, content_type="application/problem+json")
    return render(request, "error.html", {"problem": problem}, status=problem.status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem_page(request, Problem("bad_request"))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem_page(request, Problem("permission_denied"))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem_page(request, Problem("not_found"))


def server_error(request: HttpRequest) -> HttpResponse:
    return problem_page(request, Problem("internal_error"))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return problem_page(
        request, Problem("permission_denied", _("This form was too old or came from elsewhere. Open it again."))
    )
