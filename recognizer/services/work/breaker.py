"""The circuit breaker in front of every use of Redis in a process."""

import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import redis
from kombu.exceptions import OperationalError

from recognizer.services.monitoring.counters import count
from recognizer.services.monitoring.requests import BREAKER_OPENED

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

DEADLINE_SECONDS = 0.4  # for one call, however many round trips it takes
SLOW_SECONDS = 0.2  # the breaker opens after two calls in a row that took longer
PROBE_EVERY_SECONDS = 1.0
MAX_CONCURRENT_CALLS = 8  # gunicorn has four threads

REDIS_ERRORS = (redis.RedisError, OperationalError, OSError)  # TimeoutError is an OSError


class BrokerDown(Exception):
    """Redis did not answer, or the breaker is open."""


class CircuitBreaker:
    """A circuit breaker: closed, it passes calls with a deadline; open, it refuses them at once.

    While it is open, a thread probes Redis every second, so that no request has to wait for the probe. Socket timeouts
    alone would not keep the deadline, because they start again with each round trip and each address. The second slow
    call in a row opens it, so all calls of one request together take at most twice the deadline. A single slow call
    does not: on a busy machine this process may have been slow itself.
    """

    def __init__(self, probe: Callable[[], object]) -> None:
        self.probe = probe
        self._reset()
        os.register_at_fork(after_in_child=self._reset)  # threads and locks do not survive a fork

    def _reset(self) -> None:
        self.lock = threading.Lock()
        self.is_open = False
        self.slow_in_a_row = 0
        self.watcher: threading.Thread | None = None
        self.threads = ThreadPoolExecutor(MAX_CONCURRENT_CALLS, thread_name_prefix="redis")

    def call(self, use_redis: Callable[[], Result]) -> Result:
        return self._call(lambda: self._in_another_thread(use_redis))

    def call_here(self, use_redis: Callable[[], Result]) -> Result:
        """Pass a call that keeps the deadline by itself: one round trip on a connection with a timeout.

        On a busy machine another thread starts late: counting a request took 21 ms instead of 4, at a load of 10 for
        each core.
        """
        return self._call(use_redis)

    def _in_another_thread(self, use_redis: Callable[[], Result]) -> Result:
        future = self.threads.submit(use_redis)
        try:
            return future.result(DEADLINE_SECONDS)
        except REDIS_ERRORS:
            future.cancel()
            raise

    def _call(self, use_redis: Callable[[], Result]) -> Result:
        if self.is_open:
            raise BrokerDown("Redis did not answer recently.")
        started = time.monotonic()
        try:
            result = use_redis()
        except REDIS_ERRORS as error:
            reason = str(error) or f"no answer within {DEADLINE_SECONDS} s"
            self.open(reason)
            raise BrokerDown(reason) from error
        self.slow_in_a_row = self.slow_in_a_row + 1 if time.monotonic() - started > SLOW_SECONDS else 0
        if self.slow_in_a_row > 1:
            self.open(f"two calls in a row took more than {SLOW_SECONDS} s")
        return result

    def open(self, reason: str) -> None:
        with self.lock:
            if self.is_open:
                return
            self.is_open = True
            self.slow_in_a_row = 0
            self.watcher = threading.Thread(target=self._watch, name="redis-watcher", daemon=True)
            self.watcher.start()
        count(BREAKER_OPENED)
        logger.warning("Redis is unreachable (%s); jobs wait in the database.", reason)

    def close(self) -> None:
        with self.lock:
            self.is_open = False

    def _watch(self) -> None:
        while self.is_open:
            time.sleep(PROBE_EVERY_SECONDS)
            started = time.monotonic()
            try:
                self.probe()
            except REDIS_ERRORS:
                continue
            if time.monotonic() - started < SLOW_SECONDS:
                self.close()
                logger.info("Redis answers again.")
