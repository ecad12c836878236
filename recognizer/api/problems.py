"""Every error of the API as RFC 9457 problem details with a stable `code`."""

import math
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from recognizer.problems import KINDS, Problem

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
    """DRF's exception handler; None (a defect of ours) becomes a logged 500."""
    problem = error if isinstance(error, Problem) else _as_problem(error)
    if problem is None:
        return None
    set_rollback()
    body = problem.body()
    if isinstance(error, exceptions.ValidationError):
        body["errors"] = error.detail
    return Response(body, problem.status, headers=_headers(error), content_type="application/problem+json")


def _as_problem(error: Exception) -> Problem | None:
    code = next((code for kind, code in CODES.items() if isinstance(error, kind)), None)
    if code is None:
        return None
    # The same words whether a row is missing or another's.
    says_more = isinstance(error, exceptions.APIException) and code not in ("not_found", "invalid")
    return Problem(code, str(error.detail) if says_more else KINDS[code].title)  # type: ignore[attr-defined]


def _headers(error: Exception) -> dict[str, str]:
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]
    if getattr(error, "wait", None):
        headers["Retry-After"] = str(math.ceil(error.wait))  # type: ignore[attr-defined]
    return headers
