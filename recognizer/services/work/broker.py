"""Redis: tasks put on queues, counters and questions, all behind the breaker."""

import threading
from collections.abc import Sequence
from functools import cache

import redis
from celery import current_app
from django.conf import settings
from kombu import Connection, Producer
from kombu.transport import redis as _transport  # noqa: F401  (else it is imported within somebody's request)

from recognizer.services.work.breaker import DEADLINE_SECONDS, OUTAGES, BrokerDown, CircuitBreaker

__all__ = ["OUTAGES", "BrokerDown", "breaker", "client", "publish", "queue_lengths"]

PROBE_KEY = f"{settings.QUEUE_PREFIX}:probe"


@cache
def client() -> redis.Redis:
    """For counters and questions. It never retries: the breaker decides."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=DEADLINE_SECONDS,
        socket_connect_timeout=DEADLINE_SECONDS,
        retry=None,
        health_check_interval=0,
    )


def _probe() -> None:
    """A write, because a full Redis still answers questions."""
    client().set(PROBE_KEY, "1", ex=5)


breaker = CircuitBreaker(_probe)
_own = threading.local()


def warm_up() -> None:
    """What Celery imports for its first message would take a tenth of a second of somebody's request."""
    current_app.finalize()
    _ = current_app.amqp.send_task_message


def publish(task: str, *args: object, queue: str) -> None:
    """Put one task on a queue. Raises BrokerDown; whoever calls has the work in the database already."""
    breaker.call(lambda: _send(task, args, queue))


def _send(task: str, args: tuple[object, ...], queue: str) -> None:
    # A connection that Redis closed meanwhile shows only when it is used, and deserves a second try.
    for is_last in (False, True):
        try:
            current_app.send_task(task, args=args, queue=queue, producer=_producer(), retry=False)
            return
        except OUTAGES:
            _own.__dict__.pop("producer", None)
            if is_last:
                raise


def _producer() -> Producer:
    """This thread's. Celery's own producers wait and retry for many seconds; a person's request must not."""
    if not hasattr(_own, "producer"):
        connection = Connection(
            settings.REDIS_URL,
            transport_options={
                "socket_timeout": DEADLINE_SECONDS,
                "socket_connect_timeout": DEADLINE_SECONDS,
                "max_retries": 0,
                "global_keyprefix": f"{settings.QUEUE_PREFIX}:",
            },
        )
        _own.producer = Producer(connection)
    producer: Producer = _own.producer
    return producer


def queue_lengths(queues: Sequence[str]) -> dict[str, int]:
    """How many messages wait on each queue; those handed out to a worker are not counted."""

    def ask() -> list[int]:
        pipe = client().pipeline(transaction=False)
        for queue in queues:
            pipe.llen(f"{settings.QUEUE_PREFIX}:{queue}")
        lengths: list[int] = pipe.execute()
        return lengths

    return dict(zip(queues, breaker.call(ask), strict=True))
