"""API tokens are made by people who are logged in: a token makes, lists and revokes none, so that a stolen one
cannot outlive itself or raise its own permissions."""

from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recognizer import selectors
from recognizer.api import operations
from recognizer.api.bodies import token_body
from recognizer.api.endpoint import Endpoint, person
from recognizer.api.serializers import TokenRequestSerializer
from recognizer.services.people.tokens import create_token, revoke_token


class LoggedIn(BasePermission):
    message = "Log in for this; a token may not."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.auth is None


class TokenList(Endpoint):
    permission_classes = [IsAuthenticated, LoggedIn]

    @operations.list_tokens
    def get(self, request: Request) -> Response:
        return Response([token_body(token, request) for token in selectors.tokens_for(request.user)])

    @operations.create_token
    def post(self, request: Request) -> Response:
        wanted = TokenRequestSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        token, secret = create_token(user=person(request), **wanted.validated_data)
        body = token_body(token, request)
        return Response({**body, "token": secret}, 201, headers={"Location": body["url"]})


class TokenDetail(Endpoint):
    permission_classes = [IsAuthenticated, LoggedIn]

    @operations.get_token
    def get(self, request: Request, pk: Any) -> Response:
        return Response(token_body(get_object_or_404(selectors.tokens_for(request.user), pk=pk), request))

    @operations.revoke_token
    def delete(self, request: Request, pk: Any) -> Response:
        revoke_token(get_object_or_404(selectors.tokens_for(request.user), pk=pk))
        return Response(status=204)
