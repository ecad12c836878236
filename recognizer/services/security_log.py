"""The security log: one line of JSON for each event that concerns access to an account or to a person's data.

No line holds a secret, a name or an address of e-mail. docs/deployment.md describes the events.
"""

import json
import logging
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.utils import timezone

from recognizer.logs.current_request import current_request, request_id
from recognizer.services.monitoring.requests import count_throttled
from recognizer.services.throttles import LocalCounter, Rate, RateStatus, address_of

# config/settings.py sends its lines to SECURITY_LOG_FILE.
logger = logging.getLogger("recognizer.security")

# Refusals cost their sender nothing, so that without a limit they could fill the disk.
MAX_REFUSALS = 60  # a minute, of one event from one address, in one process
_refusals = LocalCounter()


class Event(StrEnum):
    ACCOUNT_CREATED = "account_created"
    LOGGED_IN = "logged_in"
    LOGGED_OUT = "logged_out"
    LOGIN_FAILED = "login_failed"
    PASSWORD_REFUSED = "password_refused"  # noqa: S105
    RESET_SENT = "reset_sent"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    RESET_REQUESTED = "reset_requested"
    EMAIL_VERIFIED = "email_verified"
    EMAIL_CHANGED = "email_changed"
    ROLE_CHANGED = "role_changed"
    TOKEN_CREATED = "token_created"  # noqa: S105
    TOKEN_REVOKED = "token_revoked"  # noqa: S105
    TOKEN_REFUSED = "token_refused"  # noqa: S105
    LINK_CREATED = "link_created"
    LINK_REVOKED = "link_revoked"
    HISTORY_EXPORTED = "history_exported"
    EXPORT_REQUESTED = "export_requested"
    EXPORT_FETCHED = "export_fetched"
    EXPORT_DELETED = "export_deleted"
    DELETION_REQUESTED = "deletion_requested"
    DELETION_FINISHED = "deletion_finished"
    STAFF_SAW_PICTURE = "staff_saw_picture"
    TRAINER_SAW_PICTURE = "trainer_saw_picture"
    MODEL_PROMOTED = "model_promoted"
    MODEL_UPLOADED = "model_uploaded"
    MODEL_DOWNLOADED = "model_downloaded"
    MODEL_RETIRED = "model_retired"
    TRAINING_STARTED = "training_started"
    TRAINING_STOPPED = "training_stopped"
    THROTTLED = "throttled"


def log_event(event: Event, *, account: int | None, **details: object) -> None:
    """Write the event to the log once the current transaction is committed. `account` is the key of the user."""
    line = format_line(event, account=account, **details)

    def write() -> None:
        _write(logging.INFO, line)

    transaction.on_commit(write, robust=True)


def log_refusal(event: Event, *, account: int | None = None, **details: object) -> None:
    """Write a refusal to the log at once, unless its sender has caused too many lines in this minute."""
    request = current_request()
    used = _refusals.count_request(Rate(event, MAX_REFUSALS, address_of(request) if request else "")).used
    if used > MAX_REFUSALS:
        return
    if used == MAX_REFUSALS:
        details["note"] = "further lines of this minute are left out"
    _write(logging.WARNING, format_line(event, account=account, **details))


def log_throttle(statuses: list[RateStatus], *, account: int | None = None) -> None:
    """Count the rates that the current request exceeds, and write a line for each that it is the first to exceed."""
    for status in statuses:
        if not status.is_allowed:
            count_throttled(status.rate.name)
        if status.used == status.rate.limit + 1:
            log_refusal(Event.THROTTLED, account=account, rate=status.rate.name, limit=status.rate.limit)


def format_line(event: Event, *, account: int | None, **details: object) -> str:
    request = current_request()
    actor = getattr(request, "user", None)
    values: dict[str, Any] = {
        "time": timezone.now().isoformat().replace("+00:00", "Z"),
        "event": event.value,
        "account": account,
        "by": actor.pk if actor else None,  # another account if the staff acted
        "address": address_of(request) if request else None,
        "request": request_id(request),
        **details,
    }
    return json.dumps(values, default=str)


def _write(level: int, line: str) -> None:
    try:
        logger.log(level, "%s", line)
    except OSError as error:  # the file cannot be opened; the event itself goes on
        logging.getLogger(__name__).error("The security log cannot be written (%s): %s", error, line)
