"""The state of the workers, with the text that pages and the admin show."""

import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from django.conf import settings
from django.utils.translation import gettext, ngettext

from recognizer.services.work import broker
from recognizer.services.work.queues import INTERACTIVE, TRAIN

HEARTBEAT_KEY = f"{settings.QUEUE_PREFIX}:worker-alive"
TRAINER_HEARTBEAT_KEY = f"{settings.QUEUE_PREFIX}:trainer-alive"
HEARTBEAT_EVERY_SECONDS = 5
HEARTBEAT_VALID_SECONDS = 20  # measured by Redis, because the clocks of machines differ
STATE_CACHED_SECONDS = 2.0

Name = Literal["ready", "busy", "missing", "unreachable"]


@dataclass(frozen=True, slots=True)
class WorkerState:
    name: Name
    waiting_messages: int  # on the interactive queue

    @property
    def is_working(self) -> bool:
        return self.name in ("ready", "busy")

    @property
    def sentence(self) -> str:
        if self.name == "unreachable":
            return gettext(
                "The job queue cannot be reached. Waiting jobs are kept and start automatically when it is back."
            )
        if self.name == "missing":
            return gettext("No worker is running. Waiting jobs are kept and start automatically when a worker runs.")
        if self.name == "busy":
            words = ngettext(
                "The worker is busy. %(count)d job is waiting.",
                "The worker is busy. %(count)d jobs are waiting.",
                self.waiting_messages,
            )
            return words % {"count": self.waiting_messages}
        return gettext("The worker is ready.")


class StateCache:
    """The last known state: many pages poll it, and Redis is asked at most every two seconds."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.state = WorkerState("missing", 0)
        self.fetched_at = -float("inf")

    def get(self) -> WorkerState:
        if time.monotonic() - self.fetched_at > STATE_CACHED_SECONDS:
            self.state = fetch_worker_state()
            self.fetched_at = time.monotonic()
        return self.state


state_cache = StateCache()


def worker_state() -> WorkerState:
    return state_cache.get()


def fetch_worker_state() -> WorkerState:
    """Ask Redis whether a worker has sent a heartbeat lately and how many messages wait for it."""

    def ask() -> tuple[bool, int]:
        pipe = broker.redis_client().pipeline(transaction=False)
        pipe.pttl(HEARTBEAT_KEY)
        pipe.llen(f"{settings.QUEUE_PREFIX}:{INTERACTIVE}")
        valid_ms, waiting_messages = pipe.execute()
        # After the clock of Redis was set back, an old heartbeat seems to be valid for hours.
        return 0 < valid_ms <= 1000 * HEARTBEAT_VALID_SECONDS, waiting_messages

    try:
        is_alive, waiting_messages = broker.breaker.call(ask)
    except broker.BrokerDown:
        return WorkerState("unreachable", 0)
    if not is_alive:
        return WorkerState("missing", waiting_messages)
    return WorkerState("busy" if waiting_messages else "ready", waiting_messages)


def is_trainer_alive() -> bool:
    """Return whether a worker for trainings has sent a heartbeat lately. It sends none while it trains."""

    def ask() -> bool:
        valid_ms: Any = broker.redis_client().pttl(TRAINER_HEARTBEAT_KEY)
        return bool(0 < valid_ms <= 1000 * HEARTBEAT_VALID_SECONDS)

    try:
        return broker.breaker.call(ask)
    except broker.BrokerDown:
        return False


def record_heartbeats(queues: Collection[str]) -> None:
    """Write into Redis that a worker of these queues is alive.

    Without Redis nothing is written, and pages show the worker as unreachable.
    """
    keys = {INTERACTIVE: HEARTBEAT_KEY, TRAIN: TRAINER_HEARTBEAT_KEY}
    try:
        for queue, key in keys.items():
            if queue in queues:
                broker.redis_client().set(key, "1", ex=HEARTBEAT_VALID_SECONDS)
    except broker.REDIS_ERRORS:
        return
