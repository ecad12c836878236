"""Problems as HTTP responses: an HTML page, or problem details (RFC 9457) below /api/ and where JSON is asked for."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from recognizer.bodies.plain import write
from recognizer.bodies.problems import problem_body
from recognizer.logs.current_request import request_id
from recognizer.problems import Problem

JSON_TYPES = ("application/json", "application/problem+json")


def problem_page(request: HttpRequest, problem: Problem) -> HttpResponse:
    """Return the response that describes the problem, with the problem's status and headers."""
    response: HttpResponse
    if is_json_wanted(request):
        response = JsonResponse(
            write(problem_body(problem)), status=problem.status, content_type="application/problem+json"
        )
    else:
        context = {"problem": problem, "request_id": request_id(request)}
        response = render(request, "error.html", context, status=problem.status)
    patch_vary_headers(response, ["Accept"])
    return with_headers(response, problem)


def with_headers(response: HttpResponse, problem: Problem | None) -> HttpResponse:
    """Add the headers of a problem, if there is one, to the response that shows it."""
    for name, value in problem.headers.items() if problem else ():
        response[name] = value
    return response


def is_json_wanted(request: HttpRequest) -> bool:
    """Return whether the client prefers JSON to a page. Browsers do not, and the API always does."""
    if request.path.startswith("/api/"):
        return True
    return request.get_preferred_type(["text/html", *JSON_TYPES]) in JSON_TYPES
