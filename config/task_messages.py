"""The check of messages before Celery uses them: one that no process of ours wrote is dropped and logged.

Celery trusts what lies on its queues. A message without a body, with a number as its id or with words as time limits
ends the worker, or stays in Redis and is delivered again and again. One with long time limits could run for hours.
"""

import base64
import binascii
import json
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from kombu.transport import redis

logger = logging.getLogger(__name__)

MAX_LIMIT_SECONDS = 86_400  # those of a training, or of a sender from before a release
MAX_TEXT = 1_000  # the arguments of ours are at most the id of a job
NO_FOLLOWERS = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


class Channel(redis.Channel):
    """A channel that drops what is not JSON."""

    def _brpop_read(self, **options: Any) -> bool:
        try:
            return bool(super()._brpop_read(**options))  # type: ignore[misc]  # missing in the stubs
        except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
            logger.error("Dropped a message that is not JSON: %s", str(error)[:MAX_TEXT])
            return True


class Transport(redis.Transport):
    """A transport that delivers only valid messages. The sweeper enqueues the job of a dropped one again."""

    Channel = Channel

    def _deliver(self, message: Any, queue: str | None) -> None:
        try:
            check_message(message)
        except (ValueError, TypeError, KeyError) as error:
            logger.error("Dropped an invalid message from the queue %s: %s", queue, str(error)[:MAX_TEXT])
            return
        message["headers"]["timelimit"] = [None, None]  # those of this worker's settings hold
        super()._deliver(message, queue)


def install() -> None:
    setattr(redis, "Transport", Transport)  # noqa: B010  (mypy forbids an assignment)


def check_message(message: Any) -> None:
    """Raise ValueError, TypeError or KeyError unless the message is one that `app.send_task` writes for our tasks."""
    if not isinstance(message, dict):
        raise TypeError("it is not a JSON object")
    check("properties", message["properties"], is_mapping)
    check("headers", message["headers"], is_mapping)
    check("content-type", message["content-type"], lambda value: value == "application/json")
    check("content-encoding", message["content-encoding"], lambda value: value == "utf-8")
    for name, is_valid in PROPERTIES.items():
        check(name, message["properties"][name], is_valid)
    for name, is_valid in HEADERS.items():
        check(name, message["headers"].get(name), is_valid)
    check("body", message["body"], is_body)


def check(name: str, value: Any, is_valid: Callable[[Any], bool]) -> None:
    if not is_valid(value):
        raise ValueError(f"{name} is {value!r:.200}")


def is_mapping(value: Any) -> bool:
    return isinstance(value, dict)


def is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_TEXT


def is_text_or_none(value: Any) -> bool:
    return value is None or is_text(value)


def is_none(value: Any) -> bool:
    return value is None


def is_uuid(value: Any) -> bool:
    return is_text(value) and bool(UUID(value))


def is_uuid_or_none(value: Any) -> bool:
    return value is None or is_uuid(value)


def is_time_or_none(value: Any) -> bool:
    return value is None or (is_text(value) and bool(datetime.fromisoformat(value)))


def is_empty(value: Any) -> bool:
    return value in (None, {}, [])


def are_limits(value: Any) -> bool:
    """Return whether these are two time limits. Celery 5.7 writes those of the sender's settings."""
    return value is None or (isinstance(value, list) and len(value) == 2 and all(map(is_limit, value)))


def is_limit(value: Any) -> bool:
    return value is None or (type(value) in (int, float) and 0 < value <= MAX_LIMIT_SECONDS)


def is_address(value: Any) -> bool:
    return is_mapping(value) and is_text(value["exchange"]) and is_text(value["routing_key"])


def is_body(value: Any) -> bool:
    """Return whether the arguments are a few texts, and no other task follows."""
    if not is_text(value):
        return False
    try:
        args, kwargs, embed = json.loads(base64.b64decode(value, validate=True))
    except (binascii.Error, UnicodeDecodeError, RecursionError) as error:
        raise ValueError("the body cannot be decoded") from error
    return isinstance(args, list) and all(map(is_text, args)) and kwargs == {} and embed == NO_FOLLOWERS


PROPERTIES: Mapping[str, Callable[[Any], bool]] = {
    "delivery_tag": is_text,
    "delivery_info": is_address,
    "body_encoding": lambda value: value == "base64",
}
HEADERS: Mapping[str, Callable[[Any], bool]] = {
    "task": is_text,
    "id": is_uuid,
    "root_id": is_uuid_or_none,
    "parent_id": is_uuid_or_none,
    "timelimit": are_limits,
    "retries": lambda value: value in (None, 0),
    "expires": is_time_or_none,
    "eta": is_none,
    "group": is_none,
    "compression": is_none,
    "shadow": is_text_or_none,
    "argsrepr": is_text_or_none,
    "kwargsrepr": is_text_or_none,
    "origin": is_text_or_none,
    "stamps": is_empty,
    "stamped_headers": is_empty,
    "replaced_task_nesting": lambda value: value in (None, 0),
    "ignore_result": lambda value: value in (None, True, False),
}
