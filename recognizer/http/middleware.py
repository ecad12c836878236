"""Middleware: request ids, metrics, body size, login, problem pages and the user's time zone."""

import logging
import time
import zoneinfo
from collections.abc import Callable
from functools import cache
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core.exceptions import MiddlewareNotUsed
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import is_valid_path
from django.utils import timezone
from django.utils.translation import gettext as _

from recognizer.http.problem_pages import problem_page
from recognizer.logs.current_request import answering, request_id
from recognizer.outages import problem_of_outage
from recognizer.problems import Problem
from recognizer.services.account_state import problem_of_deletion, refuse_deleted_session
from recognizer.services.limits.budgets import request_rate, spend
from recognizer.services.monitoring.counters import is_enabled
from recognizer.services.monitoring.requests import count_request

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]

# A body slightly over the limit of 200 MB is read, so that the client gets the answer. A larger one is not read.
MAX_BODY_BYTES = 220 * 1024 * 1024

TIME_ZONE_COOKIE = "time_zone"


class RequestIdMiddleware:
    """Id of each request. Its response, its log lines and the page of an unexpected error carry it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with answering(request):
            response = self.get_response(request)
        response["X-Request-ID"] = request_id(request) or ""
        return response


class MetricsMiddleware:
    """Count of requests with their seconds by route, if somebody may see the metrics."""

    def __init__(self, get_response: GetResponse) -> None:
        if not is_enabled():
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self.get_response(request)
        seconds = time.perf_counter() - started
        match = request.resolver_match
        count_request(match.route if match else None, request.method, response.status_code, seconds)
        return response


class BodyLimitMiddleware:
    """Limit of the body size. The announced length is checked before anything reads the body."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "HTTP_TRANSFER_ENCODING" in request.META and not request.META.get("CONTENT_LENGTH"):
            # Django would treat a chunked body as empty.
            return problem_page(
                request, Problem("file_too_large", _("Send a Content-Length header. A file may have at most 20 MB."))
            )
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdigit():
            return problem_page(request, Problem("bad_request"))
        if int(length) > MAX_BODY_BYTES:
            return problem_page(request, Problem("file_too_large"))
        return self.get_response(request)


class LoginMiddleware(LoginRequiredMiddleware):
    """The login requirement of all pages. The login page tells whether a sent form was not saved."""

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        to_login = super().process_view(request, view_func, view_args, view_kwargs)
        if to_login is not None:
            try:
                refuse_deleted_session(request.session.get(SESSION_KEY))
            except Problem as problem:
                return problem_page(request, problem)
        return to_login

    def handle_no_permission(self, request: HttpRequest, view_func: Callable[..., Any]) -> HttpResponseRedirect:
        to_login = super().handle_no_permission(request, view_func)
        return redirect(f"{to_login.url}&unsent") if request.method == "POST" else to_login


class AccountBudgetMiddleware:
    """The budget of requests that an account may send to pages; the API counts its own requests against the same."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], view_args: Any, view_kwargs: Any
    ) -> HttpResponse | None:
        is_free = not getattr(view_func, "login_required", True) or getattr(view_func, "has_own_budget", False)
        if is_free or not request.user.is_authenticated:
            return None
        try:
            spend(request_rate(request.user.pk), request.user.pk)
        except Problem as problem:
            return problem_page(request, problem)
        return None


class ProblemMiddleware:
    """Problem pages for a Problem that a view raised, and for the wrong method."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 405 and not response.streaming and not response.content:
            if request.method in ("GET", "HEAD") and not request.path.startswith("/api/"):
                query = request.META["QUERY_STRING"]  # names the prediction that the form belongs to
                return redirect(parent_page(request.path) + (f"?{query}" if query else ""))
            page = problem_page(request, Problem("method_not_allowed"))
            page["Allow"] = response.get("Allow", "")
            return page
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, Problem):
            return problem_page(request, exception)
        problem = _problem_of_deletion(request, exception)
        if problem is None:
            problem = problem_of_outage(exception)
            if problem:
                logger.error("A request failed with %s: %s", type(exception).__name__, exception)
        return problem_page(request, problem) if problem else None


def _problem_of_deletion(request: HttpRequest, exception: Exception) -> Problem | None:
    try:
        key = request.session.get(SESSION_KEY) if hasattr(request, "session") else None
    except DatabaseError:
        return None
    return problem_of_deletion(int(key), exception) if key else None


def parent_page(path: str) -> str:
    """Return the nearest page above a form's address, which a user may open by hand or after logging in again."""
    while len(path) > 1:
        path = path[: path.rstrip("/").rindex("/") + 1]
        if is_valid_path(path):
            return path
    return "/"


class TimeZoneMiddleware:
    """Time zone of the user, which the browser stores in a cookie. All times of a page are shown in it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = request.COOKIES.get(TIME_ZONE_COOKIE, "")
        if name not in known_zones():
            return self.get_response(request)
        with timezone.override(zoneinfo.ZoneInfo(name)):
            return self.get_response(request)


@cache
def known_zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())
