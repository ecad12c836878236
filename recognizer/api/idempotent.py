"""The Idempotency-Key of a creation (services/idempotency.py keeps the rules)."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from recognizer.api.bodies import Body
from recognizer.api.endpoint import person
from recognizer.problems import Problem
from recognizer.services.limits import idempotency

HEADER = "Idempotency-Key"
KEY = re.compile(r"[!-~]{1,255}")
Remember = Callable[[Body], None]


def key_of(request: Request) -> str | None:
    key = request.headers.get(HEADER)
    if key is not None and not KEY.fullmatch(key):
        raise Problem("bad_request", f"{HEADER} is 1 to 255 printable ASCII characters without spaces.")
    return key


def idempotent(
    request: Request,
    same: tuple[Any, ...],
    create: Callable[[Remember], object],
    *,
    status: int = 201,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    """`create` is given a function that it calls with the body of its answer, inside its transaction."""

    def response(body: Body, **more: str) -> Response:
        return Response(body, status, headers={"Location": body["url"], **headers, **more})

    created: list[Body] = []
    key = key_of(request)
    if key is None:
        create(created.append)
        return response(created[0])
    record = idempotency.claim(owner_id=person(request).pk, key=key, fingerprint=idempotency.fingerprint(*same))
    if record.body is not None:
        return response(record.body, **{"Idempotent-Replayed": "true"})

    def remember(body: Body) -> None:
        idempotency.finish(record, status=status, body=body)
        created.append(body)

    with idempotency.released_on_error(record):
        create(remember)
    return response(created[0])
