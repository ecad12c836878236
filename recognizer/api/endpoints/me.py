"""The account of the caller: its data, its export and its deletion."""

from typing import Any, cast

from django.http import HttpResponseBase
from rest_framework.exceptions import Throttled
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer.api.authentication import require_fresh_login
from recognizer.api.endpoint import RETRY_SOON, Endpoint, person
from recognizer.api.endpoints.tokens import LoggedIn
from recognizer.api.operations import account as operations
from recognizer.api.requests.serializers import PasswordSerializer
from recognizer.bodies.account import export_body, person_body
from recognizer.bodies.plain import Json, write
from recognizer.http.serving import serve_export
from recognizer.models import ApiToken, PersonalExport
from recognizer.problems import Problem
from recognizer.services.exports.personal_exports import delete_export, export_for, request_export
from recognizer.services.limits.attempts import count_attempt
from recognizer.services.people.account_deletion import request_deletion
from recognizer.services.reading.preferences import decimal_mark_of
from recognizer.services.security_log import Event, log_refusal
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
            log_refusal(Event.PASSWORD_REFUSED, account=user.pk)
            raise Problem("permission_denied", "The password is wrong.")
        request_deletion(user)
        return Response(status=202)


class Export(Endpoint):
    @operations.get_export
    def get(self, request: Request) -> Response:
        body = export_json(find_export(request), request)
        return Response(body, headers=RETRY_SOON if body["state"] == "running" else {})

    @operations.create_export
    def post(self, request: Request) -> Response:
        require_fresh_login(request)
        body = export_json(request_export(person(request)), request)
        return Response(body, 202, headers={"Location": body["url"], **RETRY_SOON})

    @operations.delete_export
    def delete(self, request: Request) -> Response:
        find_export(request)
        delete_export(person(request))
        return Response(status=204)


class ExportFile(Endpoint):
    @operations.get_export_file
    def get(self, request: Request) -> HttpResponseBase:
        """Return the file. A token cannot list tokens, so its file does not name them either."""
        require_fresh_login(request)
        return serve_export(request._request, find_export(request), with_tokens=request.auth is None)


def find_export(request: Request) -> PersonalExport:
    export = export_for(person(request))
    if export is None:
        raise Problem("not_found")
    return export


def export_json(export: PersonalExport, request: Request) -> Json:
    return write(export_body(export, request.build_absolute_uri))
