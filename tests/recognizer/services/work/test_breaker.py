"""Tests of the circuit breaker: all calls of one request take at most 0.8 s, and none while it is open."""

import os
import threading
import time

import pytest
import redis

from recognizer.services.work import breaker as module
from recognizer.services.work.breaker import DEADLINE_SECONDS, SLOW_SECONDS, BrokerDown, CircuitBreaker
from tests.servers.process import wait_until


class Clock:
    """A clock that only calls of Redis advance, so that the tests do not depend on how busy the machine is."""

    sleep = staticmethod(time.sleep)

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


class FakeRedis:
    """A call of Redis that takes `seconds` of the clock and returns an answer or raises `error`."""

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
def fake_redis(monkeypatch) -> FakeRedis:
    monkeypatch.setattr(module, "PROBE_EVERY_SECONDS", 0.05)
    monkeypatch.setattr(module, "DEADLINE_SECONDS", 30.0)
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return FakeRedis(clock)


@pytest.fixture
def breaker(fake_redis):
    breaker = CircuitBreaker(fake_redis)
    yield breaker
    breaker.close()


def expect_outage(breaker: CircuitBreaker, call) -> None:
    with pytest.raises(BrokerDown):
        breaker.call(call)


def test_an_answer_is_returned(breaker, fake_redis):
    assert breaker.call(fake_redis) == "answer"
    assert not breaker.is_open


@pytest.mark.parametrize("error", [redis.ConnectionError("refused"), OSError(111, "refused"), TimeoutError()])
def test_an_error_of_redis_opens_the_breaker(breaker, fake_redis, error):
    fake_redis.error = error
    expect_outage(breaker, fake_redis)
    assert breaker.is_open


def test_any_other_error_is_raised_and_leaves_it_closed(breaker, fake_redis):
    fake_redis.error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        breaker.call(fake_redis)
    assert not breaker.is_open


def test_a_call_without_an_answer_ends_at_the_deadline(breaker, monkeypatch):
    monkeypatch.setattr(module, "DEADLINE_SECONDS", DEADLINE_SECONDS)
    answer = threading.Event()
    expect_outage(breaker, answer.wait)  # the event is not set before
    answer.set()


def test_an_open_breaker_does_not_call_redis(breaker, fake_redis):
    fake_redis.error = redis.ConnectionError()
    breaker.open("for the test")
    expect_outage(breaker, lambda: pytest.fail("Redis is asked"))


def test_two_slow_answers_are_returned_and_open_the_breaker(breaker, fake_redis):
    fake_redis.seconds = SLOW_SECONDS + 0.05
    assert [breaker.call(fake_redis) for _ in range(2)] == ["answer", "answer"]
    expect_outage(breaker, lambda: pytest.fail("Redis is asked"))


def test_single_slow_answers_leave_it_closed(breaker, fake_redis):
    for seconds in (SLOW_SECONDS + 0.05, 0.0) * 2:
        fake_redis.seconds = seconds
        breaker.call(fake_redis)
    assert not breaker.is_open


def test_it_closes_when_redis_answers_again(breaker, fake_redis):
    fake_redis.error = redis.ConnectionError()
    expect_outage(breaker, fake_redis)
    fake_redis.error = None
    wait_until(lambda: not breaker.is_open, seconds=60, what="the closed breaker")
    assert breaker.call(fake_redis) == "answer"


def test_a_forked_process_starts_with_a_closed_breaker(breaker, fake_redis):
    fake_redis.error = redis.ConnectionError()
    expect_outage(breaker, fake_redis)
    fake_redis.error = None
    child = os.fork()
    if child == 0:
        os._exit(0 if breaker.call(fake_redis) == "answer" else 1)
    assert os.waitpid(child, 0)[1] == 0
