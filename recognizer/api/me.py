"""The person who asks: who they are, what they keep and may keep."""

from typing import cast

from rest_framework.request import Request
from rest_framework.response import Response

from recognizer.api.bodies import person_body
from recognizer.api.endpoint import Endpoint, person
from recognizer.models import ApiToken
from recognizer.services.quotas import usage


class Me(Endpoint):
    def get(self, request: Request) -> Response:
        return Response(person_body(person(request), usage(person(request).pk), cast("ApiToken | None", request.auth)))
