"""Access to Redis for publishing tasks, counting and queries, always through the circuit breaker."""

import threading
from collections.abc import Sequence
from functools import cache
from typing import Any

import redis
from celery import current_app
from django.conf import settings
from kombu import Connection, Producer
from kombu.transport import redis as _transport  # noqa: F401  (imported now so that no request has to wait for it)

from recognizer.services.work.breaker import DEADLINE_SECONDS, REDIS_ERRORS, BrokerDown, CircuitBreaker

__all__ = ["REDIS_ERRORS", "BrokerDown", "breaker", "publish", "queue_lengths", "redis_client", "run_transaction"]

PROBE_KEY = f"{settings.QUEUE_PREFIX}:probe"


@cache
def redis_client() -> redis.Redis:
    """Return the client for counters and queries. It does not retry, because the breaker decides about that."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=DEADLINE_SECONDS,
        socket_connect_timeout=DEADLINE_SECONDS,
        retry=None,
        health_check_interval=0,
    )


def _probe() -> None:
    """Write to Redis: one that is full still answers reads."""
    redis_client().set(PROBE_KEY, "1", ex=5)


breaker = CircuitBreaker(_probe)
_thread_local = threading.local()


def run_transaction(commands: Sequence[tuple[str | int, ...]]) -> list[Any]:
    """Return the answers of commands that Redis runs as one transaction, in one round trip.

    Each thread keeps a connection for it. Making one may take more than one timeout, for its name, its addresses and
    the greeting, so one of the breaker's threads does that.
    """
    connection: Any = _thread_local.__dict__.get("connection")
    if connection is None or _is_stale(connection):
        connection = _thread_local.connection = breaker.call(_connect)
    return breaker.call_here(lambda: _exchange(connection, commands))


def _connect() -> Any:
    connection: Any = redis_client().connection_pool.make_connection()
    connection.connect()
    return connection


def _is_stale(connection: Any) -> bool:
    """Return whether Redis has closed the connection, or sent something that nobody asked for."""
    try:
        return bool(connection.can_read(timeout=0))
    except REDIS_ERRORS:
        return True


def _exchange(connection: Any, commands: Sequence[tuple[str | int, ...]]) -> list[Any]:
    try:
        connection.send_packed_command(connection.pack_commands([("MULTI",), *commands, ("EXEC",)]))
        for _queued in range(1 + len(commands)):
            connection.read_response()
        answers: list[Any] = connection.read_response()
    except BaseException:  # what is still to come would be taken for the answers to the next commands
        _thread_local.__dict__.pop("connection", None)
        connection.disconnect()
        raise
    return answers


def import_producer() -> None:
    """Import what Celery needs for its first message. It takes a tenth of a second, which no request should wait."""
    current_app.finalize()
    _ = current_app.amqp.send_task_message


def publish(task: str, *args: object, queue: str) -> None:
    """Put one task on a queue. Raise BrokerDown if Redis does not answer. The job must be in the database already."""
    breaker.call(lambda: _send(task, args, queue))


def _send(task: str, args: tuple[object, ...], queue: str) -> None:
    # A connection that Redis has closed is only noticed when it is used, so the task is sent a second time.
    for is_last in (False, True):
        try:
            current_app.send_task(task, args=args, queue=queue, producer=_producer(), retry=False)
            return
        except REDIS_ERRORS:
            _thread_local.__dict__.pop("producer", None)
            if is_last:
                raise


def _producer() -> Producer:
    """Return the producer of this thread. Celery's own ones retry for many seconds, too long for a request."""
    if not hasattr(_thread_local, "producer"):
        connection = Connection(
            settings.BROKER_URL,
            transport_options={
                "socket_timeout": DEADLINE_SECONDS,
                "socket_connect_timeout": DEADLINE_SECONDS,
                "max_retries": 0,
                "global_keyprefix": f"{settings.QUEUE_PREFIX}:",
            },
        )
        _thread_local.producer = Producer(connection)
    producer: Producer = _thread_local.producer
    return producer


def queue_lengths(queues: Sequence[str]) -> dict[str, int]:
    """Return the number of messages on each queue, without those that a worker has received."""

    def ask() -> list[int]:
        pipe = redis_client().pipeline(transaction=False)
        for queue in queues:
            pipe.llen(f"{settings.QUEUE_PREFIX}:{queue}")
        lengths: list[int] = pipe.execute()
        return lengths

    return dict(zip(queues, breaker.call(ask), strict=True))
