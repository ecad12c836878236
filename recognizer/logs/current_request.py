"""The request that this thread answers, or whose job it runs, for the log lines of code that gets neither."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.http import HttpRequest

_current: ContextVar[HttpRequest | None] = ContextVar("request", default=None)
_origin: ContextVar[str] = ContextVar("origin", default="")


def current_request() -> HttpRequest | None:
    """Return the request, or None in jobs and commands."""
    return _current.get()


def request_id(request: object) -> str | None:
    """Return the id of the request, which its response carries as X-Request-ID."""
    return getattr(request, "request_id", None)


def current_request_id() -> str:
    """Return the id of the request that this thread answers, or whose job it runs; an empty string without one."""
    return request_id(_current.get()) or _origin.get()


@contextmanager
def working_for(origin: str) -> Iterator[None]:
    """Let the log lines of the block carry the id of the request that has asked for the work."""
    token = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(token)


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
