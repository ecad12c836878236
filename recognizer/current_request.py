"""The request that this thread answers, for the log lines of code that does not get it as an argument."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.http import HttpRequest

_current: ContextVar[HttpRequest | None] = ContextVar("request", default=None)


def current_request() -> HttpRequest | None:
    """Return the request, or None in jobs and commands."""
    return _current.get()


def request_id(request: object) -> str | None:
    """Return the id of the request, which its response carries as X-Request-ID."""
    return getattr(request, "request_id", None)


@contextmanager
def answering(request: HttpRequest) -> Iterator[None]:
    """Make this the current request for the duration of the block, and give it an id."""
    # An id that the sender chose could repeat another one, or forge a line of a log.
    request.request_id = secrets.token_hex(8)  # type: ignore[attr-defined]
    token = _current.set(request)
    try:
        yield
    finally:
        _current.reset(token)
