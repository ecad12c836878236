"""Problems as HTTP responses: an HTML page, or problem details (RFC 9457) below /api/."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from recognizer.bodies.plain import write
from recognizer.bodies.problems import problem_body
from recognizer.current_request import request_id
from recognizer.problems import Problem


def problem_page(request: HttpRequest, problem: Problem) -> HttpResponse:
    """Return the response that describes the problem, with the problem's status."""
    if request.path.startswith("/api/"):
        return JsonResponse(
            write(problem_body(problem)), status=problem.status, content_type="application/problem+json"
        )
    context = {"problem": problem, "request_id": request_id(request)}
    return render(request, "error.html", context, status=problem.status)
