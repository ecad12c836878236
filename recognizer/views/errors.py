"""Error handlers that Django calls for requests that no view answers."""

import sys

from django.conf import settings
from django.core.exceptions import TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from recognizer.http.problem_pages import problem_page
from recognizer.outages import problem_of_outage
from recognizer.problems import Problem


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    text = ""
    if isinstance(exception, TooManyFilesSent):
        text = _("More than %(count)d files were sent at once, and none was taken. Send fewer, or put them into a ZIP.")
        text %= {"count": settings.DATA_UPLOAD_MAX_NUMBER_FILES}
    return problem_page(request, Problem("bad_request", text))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem_page(request, Problem("permission_denied"))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem_page(request, Problem("not_found"))


def server_error(request: HttpRequest) -> HttpResponse:
    """Return the page of an error that no view handled, such as that of a middleware, which Django has just logged."""
    error = sys.exc_info()[1]
    outage = problem_of_outage(error) if error else None
    return problem_page(request, outage or Problem("internal_error"))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return problem_page(
        request, Problem("permission_denied", _("This form has expired. Reload the page and send it again."))
    )
