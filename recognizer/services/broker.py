"""Redis, behind one circuit breaker per process.

The first call that fails opens it; while it is open every use of Redis in the process is skipped at once,
so an outage costs one person half a second and everybody else nothing.
"""

import logging
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import TypeVar

import redis
from celery import Task
from django.conf import settings
from kombu import Connection
from kombu.exceptions import OperationalError
from kombu.pools import producers

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

TIMEOUT_SECONDS = 0.5
OUTAGES = (redis.RedisError, OperationalError, OSError, TimeoutError)


class BrokerDown(Exception):
    """Redis did not answer, or is known not to."""


class CircuitBreaker:
    """Closed: calls pass. Open: refused at once, for `rest_seconds`; then one call tries."""

    def __init__(self, rest_seconds: float = 5.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.rest_seconds = rest_seconds
        self.clock = clock
        self.lock = threading.Lock()
        self.open_until: float | None = None

    def call(self, work: Callable[[], Result]) -> Result:
        self._enter()
        try:
            result = work()
        except OUTAGES as error:
            self._opened(error)
            raise BrokerDown(str(error)) from error
        self._closed()
        return result

    @property
    def is_open(self) -> bool:
        return self.open_until is not None

    def _enter(self) -> None:
        with self.lock:
            if self.open_until is None:
                return
            if self.clock() < self.open_until:
                raise BrokerDown("Redis did not answer a moment ago.")
            # This caller tries; the others go on being refused until it knows.
            self.open_until = self.clock() + self.rest_seconds

    def _opened(self, error: Exception) -> None:
        with self.lock:
            if self.open_until is None:
                logger.warning("Redis is out of reach (%s); background work waits in the database.", error)
            self.open_until = self.clock() + self.rest_seconds

    def _closed(self) -> None:
        with self.lock:
            if self.open_until is not None:
                logger.info("Redis answers again.")
            self.open_until = None


breaker = CircuitBreaker()


@cache
def client() -> redis.Redis:
    """For counters and questions; never retries, since the breaker decides."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=None,
        health_check_interval=0,
    )


@cache
def publisher() -> Connection:
    """Celery's own connection waits and retries for many seconds; a person's request must not."""
    return Connection(
        settings.REDIS_URL,
        transport_options={
            "socket_timeout": TIMEOUT_SECONDS,
            "socket_connect_timeout": TIMEOUT_SECONDS,
            "max_retries": 0,
            "retry_on_timeout": False,
            "global_keyprefix": f"{settings.QUEUE_PREFIX}:",
        },
    )


def publish(task: "Task[..., object]", *args: object, queue: str) -> None:
    """Put one task on a queue. Raises BrokerDown; whoever calls has its job in the database already."""

    def send() -> None:
        with producers[publisher()].acquire(block=True, timeout=TIMEOUT_SECONDS) as producer:
            task.apply_async(args=args, queue=queue, producer=producer, retry=False)

    breaker.call(send)


def queue_lengths(queues: list[str]) -> dict[str, int]:
    """How many messages wait on each queue, the unacknowledged ones not counted."""

    def ask() -> dict[str, int]:
        pipe = client().pipeline(transaction=False)
        for queue in queues:
            pipe.llen(f"{settings.QUEUE_PREFIX}:{queue}")
        return dict(zip(queues, pipe.execute(), strict=True))

    return breaker.call(ask)
