"""Error handlers that Django calls for requests that no view answers."""

import sys

from django.conf import settings
from django.core.exceptions import TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from recognizer.http.problem_pages import is_json_wanted, problem_page
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
    """Return the page of a form whose token is too old. A form of this site can be sent again from there.

    Another site could fill in the fields, so they come back only where the browser names this site as their origin.
    Scripts find the new token in a header, with the account that it belongs to.
    """
    is_own_form = request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"
    if not is_own_form or is_json_wanted(request):
        problem = Problem("permission_denied", _("This form has expired. Reload the page and send it again."))
        response = problem_page(request, problem)
    else:
        context = {"fields": sent_fields(request), "page_url": page_of_form(request)}
        response = render(request, "expired_form.html", context, status=403)
    if is_own_form:
        response["X-CSRFToken"] = get_token(request)
        response["X-Account"] = request.user.pk or ""
    return response


def page_of_form(request: HttpRequest) -> str:
    """Return the address of the page with the form. Many forms are sent to another one, which shows no page."""
    page = request.headers.get("Referer", "")
    is_own = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    return page if is_own else reverse("desk")


def sent_fields(request: HttpRequest) -> list[tuple[str, str]] | None:
    """Return the fields of a form as the user sent them, or None for a form with files or passwords."""
    is_read = settings.CSRF_COOKIE_NAME in request.COOKIES  # Django has looked for the token in it
    if not is_read or request.FILES or any("password" in name for name in request.POST):
        return None
    sent = ((name, value) for name, values in request.POST.lists() for value in values)
    return [(name, value) for name, value in sent if name != "csrfmiddlewaretoken"]
