"""Every error of the API as RFC 9457 problem details with a stable `code`."""

import logging
import math
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from recognizer.bodies.plain import write
from recognizer.bodies.problems import problem_body
from recognizer.outages import problem_of_outage
from recognizer.problems import Problem
from recognizer.services.account_state import problem_of_deletion

logger = logging.getLogger(__name__)

CODES: dict[type[Exception], str] = {
    Http404: "not_found",
    exceptions.NotFound: "not_found",
    PermissionDenied: "permission_denied",
    exceptions.PermissionDenied: "permission_denied",
    exceptions.NotAuthenticated: "not_authenticated",
    exceptions.AuthenticationFailed: "not_authenticated",
    exceptions.MethodNotAllowed: "method_not_allowed",
    exceptions.NotAcceptable: "not_acceptable",
    exceptions.UnsupportedMediaType: "unsupported_media_type",
    exceptions.ParseError: "bad_request",
    exceptions.ValidationError: "invalid",
    exceptions.Throttled: "throttled",
}


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """Handle an exception for DRF. None stands for a defect of this software, which becomes a logged 500."""
    problem = error if isinstance(error, Problem) else _as_problem(error) or _problem_of_outage(error)
    if problem is None or problem.code == "not_found":
        user = getattr(context.get("request"), "_user", None)  # None if the authentication failed
        problem = problem_of_deletion(user and user.pk, error) or problem
    if problem is None:
        return None
    set_rollback()
    errors = error.detail if isinstance(error, exceptions.ValidationError) else problem.errors
    body = write(problem_body(problem, errors))
    headers = {**problem.headers, **_headers(error)}
    return Response(body, problem.status, headers=headers, content_type="application/problem+json")


def _as_problem(error: Exception) -> Problem | None:
    code = next((code for kind, code in CODES.items() if isinstance(error, kind)), None)
    if code is None:
        return None
    # A missing row and another owner's row get the same text.
    has_detail = isinstance(error, exceptions.APIException) and code not in ("not_found", "invalid")
    return Problem(code, str(error.detail) if has_detail else "")  # type: ignore[attr-defined]


def _problem_of_outage(error: Exception) -> Problem | None:
    problem = problem_of_outage(error)
    if problem:
        logger.error("A request failed with %s: %s", type(error).__name__, error)
    return problem


def _headers(error: Exception) -> dict[str, str]:
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]
    if getattr(error, "wait", None):
        headers["Retry-After"] = str(math.ceil(error.wait))  # type: ignore[attr-defined]
    return headers
