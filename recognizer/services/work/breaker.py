"""One circuit breaker for every use of Redis in a process."""

import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import redis
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

DEADLINE_SECONDS = 0.4  # for one use of Redis, however many round trips it takes
SLOW_SECONDS = 0.2  # two answers in a row that took longer, and the next use is spared
PROBE_EVERY_SECONDS = 1.0
MOST_AT_ONCE = 8  # uses of Redis in flight; gunicorn has four threads

OUTAGES = (redis.RedisError, OperationalError, OSError)  # TimeoutError is an OSError


class BrokerDown(Exception):
    """Redis did not answer, or is known not to."""


class CircuitBreaker:
    """Closed: calls pass, each with a deadline. Open: they are refused at once.

    While it is open a thread asks Redis every second whether it is back, so that no request waits to find out.
    Socket timeouts alone would not keep the deadline: they count anew for each round trip and each address.
    The second slow use in a row opens it, so all uses of one request together cost at most twice the deadline.
    One alone does not: on a busy machine it may be this process that was slow.
    """

    def __init__(self, probe: Callable[[], object]) -> None:
        self.probe = probe
        self._begin()
        os.register_at_fork(after_in_child=self._begin)  # threads and locks do not survive a fork

    def _begin(self) -> None:
        self.lock = threading.Lock()
        self.is_open = False
        self.slow_in_a_row = 0
        self.watcher: threading.Thread | None = None
        self.threads = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="redis")

    def call(self, work: Callable[[], Result]) -> Result:
        if self.is_open:
            raise BrokerDown("Redis did not answer a moment ago.")
        started = time.monotonic()
        future = self.threads.submit(work)
        try:
            result = future.result(DEADLINE_SECONDS)
        except OUTAGES as error:
            future.cancel()
            reason = str(error) or f"no answer within {DEADLINE_SECONDS} s"
            self.open(reason)
            raise BrokerDown(reason) from error
        self.slow_in_a_row = self.slow_in_a_row + 1 if time.monotonic() - started > SLOW_SECONDS else 0
        if self.slow_in_a_row > 1:
            self.open(f"two answers in a row took more than {SLOW_SECONDS} s")
        return result

    def open(self, reason: str) -> None:
        with self.lock:
            if self.is_open:
                return
            self.is_open = True
            self.slow_in_a_row = 0
            self.watcher = threading.Thread(target=self._watch, name="redis-watcher", daemon=True)
            self.watcher.start()
        logger.warning("Redis is out of reach (%s); background work waits in the database.", reason)

    def close(self) -> None:
        with self.lock:
            self.is_open = False

    def _watch(self) -> None:
        while self.is_open:
            time.sleep(PROBE_EVERY_SECONDS)
            started = time.monotonic()
            try:
                self.probe()
            except OUTAGES:
                continue
            if time.monotonic() - started < SLOW_SECONDS:
                self.close()
                logger.info("Redis answers again.")
