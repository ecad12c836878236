"""Log filters, and log lines as JSON."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

from django.utils.functional import LazyObject

from recognizer.logs.current_request import current_request, current_request_id, request_id

LINK_SECRET = re.compile(r"(/links/+)[^/\s]+")


class WithoutTraceback(logging.Filter):
    """Drops the traceback of records that a stranger's request alone explains."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.exc_info = None
        record.exc_text = None
        return True


class AddRequestId(logging.Filter):
    """Adds the id of the current request to each record, as `request_id`, and the request itself."""

    def filter(self, record: logging.LogRecord) -> bool:
        # Django logs refused requests after they were answered, and names them in the record.
        answered = current_request() or getattr(record, "request", None)
        record.__dict__["answered"] = answered
        record.request_id = current_request_id() or request_id(answered) or "-"
        return True


class HideLinkSecrets(logging.Filter):
    """Replaces the secrets of export links, which Django logs with the addresses of refused requests."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):  # arguments that do not fit the message, which the handler reports
            return True
        if LINK_SECRET.search(message):
            record.msg, record.args = LINK_SECRET.sub(r"\1…", message), None
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object for each line. It names the account by its number, never by its name or address."""

    def format(self, record: logging.LogRecord) -> str:
        values: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request": None if record.__dict__.get("request_id") == "-" else record.__dict__.get("request_id"),
            **_of_request(record.__dict__.get("answered")),
            "model": _loaded_model(),
            "process": record.process,
        }
        if record.exc_info:
            values["exception"] = self.formatException(record.exc_info)
        return json.dumps({name: value for name, value in values.items() if value is not None}, default=str)


def _of_request(request: Any) -> dict[str, Any]:
    """Return the account and the route of a request, as far as they are known without a query."""
    user = getattr(request, "_cached_user", None) or getattr(request, "__dict__", {}).get("user")
    if isinstance(user, LazyObject):  # nobody has asked who it is
        user = None
    match = getattr(request, "resolver_match", None)
    return {
        "user": getattr(user, "pk", None),
        "method": getattr(request, "method", None),
        "route": getattr(match, "route", None),
    }


def _loaded_model() -> str | None:
    """Return the model version that this process reads with, if it has loaded one."""
    registry = sys.modules.get("recognizer.services.registry.model_versions")
    active = registry.models.active if registry else None
    return active.version.version if active else None
