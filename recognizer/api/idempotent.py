"""Creations with an Idempotency-Key (services/limits/idempotency.py has the rules)."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from recognizer.api.endpoint import person
from recognizer.bodies.plain import Json
from recognizer.models import IdempotencyRecord
from recognizer.problems import Problem
from recognizer.services.limits import idempotency

HEADER = "Idempotency-Key"
KEY = re.compile(r"[!-~]{1,255}")


def key_of(request: Request) -> str | None:
    """Return the request's Idempotency-Key, if it has one. Raises Problem for an invalid key."""
    key = request.headers.get(HEADER)
    if key is not None and not KEY.fullmatch(key):
        raise Problem("bad_request", f"{HEADER} must be 1 to 255 printable ASCII characters without spaces.")
    return key


@contextmanager
def claimed_key(request: Request, *parameters: Any) -> Iterator[IdempotencyRecord | None]:
    """Yield the record of the request's key, or None without a key; an error releases the key.

    A record that already has a status belongs to the same request, sent before.
    """
    key = key_of(request)
    if key is None:
        yield None
        return
    fingerprint = idempotency.fingerprint(*parameters)
    record = idempotency.claim_key(owner_id=person(request).pk, key=key, fingerprint=fingerprint)
    with idempotency.released_on_error(record):
        yield record


def created(
    record: IdempotencyRecord | None,
    body: Json,
    *,
    status: int = 201,
    is_replay: bool = False,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    """Return the response to a creation, and store its body under the request's key."""
    if record and idempotency.stored_answer(record) is None:
        idempotency.store_answer(record, status=status, body=body)
    replayed = {"Idempotent-Replayed": "true"} if is_replay else {}
    return Response(body, status, headers={"Location": body["url"], **headers, **replayed})


def repeated(
    record: IdempotencyRecord,
    render: Callable[[Any], Json],
    *,
    status: int = 201,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    """Return the answer to the first request with this key. It is rendered anew, from the ID of what was created, only
    if it was never stored."""
    body: Json = idempotency.stored_answer(record)
    if body is None:
        body = render(record.body["id"])
    return created(record, body, status=status, is_replay=True, headers=headers)
