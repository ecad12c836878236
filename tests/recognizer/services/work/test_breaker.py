"""Whatever Redis does, all its uses in one request cost at most 0.8 s, and nothing once the outage is known."""

import os
import threading
import time

import pytest
import redis

from recognizer.services.work import breaker as module
from recognizer.services.work.breaker import DEADLINE_SECONDS, SLOW_SECONDS, BrokerDown, CircuitBreaker
from tests.servers.process import wait_until


class Clock:
    """The breaker's clock, which a use of Redis moves on: the tests do not depend on how busy the machine is."""

    sleep = staticmethod(time.sleep)

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


class Fake:
    """A server that answers after `seconds` of the clock, or not at all: the breaker takes it for Redis."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.seconds = 0.0
        self.error: Exception | None = None
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        self.clock.now += self.seconds
        if self.error:
            raise self.error
        return "answer"


@pytest.fixture
def there(monkeypatch) -> Fake:
    monkeypatch.setattr(module, "PROBE_EVERY_SECONDS", 0.05)
    monkeypatch.setattr(module, "DEADLINE_SECONDS", 30.0)
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return Fake(clock)


@pytest.fixture
def breaker(there):
    breaker = CircuitBreaker(there)
    yield breaker
    breaker.close()


def expect_outage(breaker: CircuitBreaker, work) -> None:
    with pytest.raises(BrokerDown):
        breaker.call(work)


def test_an_answer_passes(breaker, there):
    assert breaker.call(there) == "answer"
    assert not breaker.is_open


@pytest.mark.parametrize("error", [redis.ConnectionError("refused"), OSError(111, "refused"), TimeoutError()])
def test_an_error_of_redis_opens_it(breaker, there, error):
    there.error = error
    expect_outage(breaker, there)
    assert breaker.is_open


def test_a_defect_of_ours_passes_as_it_is(breaker, there):
    there.error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        breaker.call(there)
    assert not breaker.is_open


def test_silence_ends_at_the_deadline(breaker, monkeypatch):
    monkeypatch.setattr(module, "DEADLINE_SECONDS", DEADLINE_SECONDS)
    answer = threading.Event()
    expect_outage(breaker, answer.wait)  # which nobody would end
    answer.set()


def test_an_open_breaker_asks_nobody(breaker, there):
    there.error = redis.ConnectionError()
    breaker.open("for the test")
    expect_outage(breaker, lambda: pytest.fail("Redis is asked"))


def test_slow_answers_are_believed_and_after_two_the_next_use_is_spared(breaker, there):
    there.seconds = SLOW_SECONDS + 0.05
    assert [breaker.call(there) for _ in range(2)] == ["answer", "answer"]
    expect_outage(breaker, lambda: pytest.fail("Redis is asked"))


def test_one_slow_answer_among_quick_ones_is_forgiven(breaker, there):
    for seconds in (SLOW_SECONDS + 0.05, 0.0) * 2:
        there.seconds = seconds
        breaker.call(there)
    assert not breaker.is_open


def test_it_closes_by_itself_when_redis_is_back(breaker, there):
    there.error = redis.ConnectionError()
    expect_outage(breaker, there)
    there.error = None
    wait_until(lambda: not breaker.is_open, seconds=60, what="the closed breaker")
    assert breaker.call(there) == "answer"


def test_a_forked_process_starts_closed_and_works(breaker, there):
    there.error = redis.ConnectionError()
    expect_outage(breaker, there)
    there.error = None
    child = os.fork()
    if child == 0:
        os._exit(0 if breaker.call(there) == "answer" else 1)
    assert os.waitpid(child, 0)[1] == 0
