from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from recognizer.problems import Problem
from recognizer.views.errors import problem_page

GetResponse = Callable[[HttpRequest], HttpResponse]

# What is a little over the limit is read, so that its sender can be told; what is far over is not read at all.
MAX_BODY_BYTES = 220 * 1024 * 1024


class BodyLimitMiddleware:
    """Refuses a body by its announced length, before anything reads it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "HTTP_TRANSFER_ENCODING" in request.META and not request.META.get("CONTENT_LENGTH"):
            # Django would take it for an empty one.
            return problem_page(request, Problem("file_too_large", "Send a Content-Length, at most 20 MB a file."))
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdigit():
            return problem_page(request, Problem("bad_request"))
        if int(length) > MAX_BODY_BYTES:
            return problem_page(request, Problem("file_too_large"))
        return self.get_response(request)
