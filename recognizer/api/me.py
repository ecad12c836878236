"""The account of the caller: its data, its export and its deletion."""

from typing import Any, cast

from django.http import StreamingHttpResponse
from rest_framework.exceptions import Throttled
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer.api import operations
from recognizer.api.endpoint import Endpoint, person
from recognizer.api.requests import PasswordSerializer
from recognizer.api.tokens import LoggedIn
from recognizer.bodies.account import person_body
from recognizer.bodies.plain import write
from recognizer.fresh_login import is_login_fresh
from recognizer.models import ApiToken
from recognizer.problems import Problem
from recognizer.services.exports.exports import export_account
from recognizer.services.limits.attempts import count_attempt
from recognizer.services.people.accounts import request_deletion
from recognizer.services.reading.preferences import decimal_mark_of
from recognizer.services.space.quotas import usage


class Me(Endpoint):
    def get_permissions(self) -> Any:
        return [IsAuthenticated(), LoggedIn()] if self.request.method == "DELETE" else super().get_permissions()

    @operations.get_me
    def get(self, request: Request) -> Response:
        user = person(request)
        token = cast("ApiToken | None", request.auth)
        return Response(write(person_body(user, usage(user.pk), token, decimal_mark_of(user.pk))))

    @operations.delete_me
    def delete(self, request: Request) -> Response:
        """Close the account at once; a job deletes its rows and files. Requires the password."""
        password = PasswordSerializer.validate_body(request.data)["password"]
        user = person(request)
        seconds = count_attempt(request._request, "password", user.get_username())
        if seconds is not None:
            raise Throttled(wait=seconds)
        if not user.check_password(password):
            raise Problem("permission_denied", "The password is wrong.")
        request_deletion(user)
        return Response(status=202)


class Export(Endpoint):
    @operations.get_export
    def get(self, request: Request) -> StreamingHttpResponse:
        """Return the export. A session needs a fresh login; a token is enough by itself."""
        if request.auth is None and not is_login_fresh(request._request):
            raise Problem("stale_login")
        response = StreamingHttpResponse(export_account(person(request)), content_type="application/zip")
        response["Content-Disposition"] = 'attachment; filename="digitscribe-export.zip"'
        return response
