"""What the worker is doing, in words that a page and the admin show."""

import time
from dataclasses import dataclass
from typing import Literal

from django.conf import settings
from django.utils.translation import gettext, ngettext

from recognizer.queues import INTERACTIVE
from recognizer.services.work import broker

ALIVE_KEY = f"{settings.QUEUE_PREFIX}:worker-alive"
ALIVE_EVERY_SECONDS = 5
ALIVE_FOR_SECONDS = 20  # by Redis' clock: those of the machines may differ
ASK_EVERY_SECONDS = 2.0

Name = Literal["ready", "busy", "missing", "unreachable"]


@dataclass(frozen=True, slots=True)
class WorkerState:
    name: Name
    ahead: int  # messages that people wait for

    @property
    def works(self) -> bool:
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
                self.ahead,
            )
            return words % {"count": self.ahead}
        return gettext("The worker is ready.")


class Memory:
    """Many pages poll; Redis is asked every two seconds."""

    state = WorkerState("missing", 0)
    asked_at = -float("inf")


def worker_state() -> WorkerState:
    if time.monotonic() - Memory.asked_at > ASK_EVERY_SECONDS:
        Memory.state = ask_worker_state()
        Memory.asked_at = time.monotonic()
    return Memory.state


def ask_worker_state() -> WorkerState:
    def ask() -> tuple[int, int]:
        pipe = broker.client().pipeline(transaction=False)
        pipe.exists(ALIVE_KEY)
        pipe.llen(f"{settings.QUEUE_PREFIX}:{INTERACTIVE}")
        alive, ahead = pipe.execute()
        return alive, ahead

    try:
        alive, ahead = broker.breaker.call(ask)
    except broker.BrokerDown:
        return WorkerState("unreachable", 0)
    if not alive:
        return WorkerState("missing", ahead)
    return WorkerState("busy" if ahead else "ready", ahead)


def say_alive() -> None:
    """Called by every worker, every few seconds; whether Redis hears it is Redis' affair."""
    try:
        broker.client().set(ALIVE_KEY, "1", ex=ALIVE_FOR_SECONDS)
    except broker.OUTAGES:
        return
