"""The endpoints of API tokens. They need a login: a token cannot create, list or revoke tokens, so that a stolen
one can neither outlive itself nor raise its own permissions."""

from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recognizer.api.endpoint import Endpoint, person
from recognizer.api.operations import account as operations
from recognizer.api.requests.serializers import TokenRequestSerializer
from recognizer.bodies.account import NewTokenBody, token_body
from recognizer.bodies.plain import Json, write
from recognizer.login.fresh_login import is_login_fresh
from recognizer.models import ApiToken
from recognizer.problems import Problem
from recognizer.queries import selectors
from recognizer.services.people.tokens import create_token, revoke_token


class LoggedIn(BasePermission):
    message = "Log in to do this. An API token is not enough."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.auth is None


class FreshlyLoggedIn(LoggedIn):
    """The permission of a session whose password was given a short time ago. Revoking needs only a session."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not super().has_permission(request, view):
            return False
        if request.method != "DELETE" and not is_login_fresh(request._request):
            raise Problem("stale_login")
        return True


class TokenList(Endpoint):
    permission_classes = [IsAuthenticated, FreshlyLoggedIn]

    @operations.list_tokens
    def get(self, request: Request) -> Response:
        return Response([token_json(token, request) for token in selectors.tokens_for(request.user)])

    @operations.create_token
    def post(self, request: Request) -> Response:
        token, secret = create_token(user=person(request), **TokenRequestSerializer.validate_body(request.data))
        body = token_body(token, request.build_absolute_uri)
        return Response(write(NewTokenBody(body, secret)), 201, headers={"Location": body.url})


class TokenDetail(Endpoint):
    permission_classes = [IsAuthenticated, FreshlyLoggedIn]

    @operations.get_token
    def get(self, request: Request, pk: Any) -> Response:
        return Response(token_json(get_object_or_404(selectors.tokens_for(request.user), pk=pk), request))

    @operations.revoke_token
    def delete(self, request: Request, pk: Any) -> Response:
        revoke_token(get_object_or_404(selectors.tokens_for(request.user), pk=pk))
        return Response(status=204)


def token_json(token: ApiToken, request: Request) -> Json:
    return write(token_body(token, request.build_absolute_uri))
