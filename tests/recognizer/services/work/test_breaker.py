"""Whatever Redis does, all its uses in one request cost at most 0.8 s, and nothing once the outage is known."""

import os
import time

import pytest
import redis

from recognizer.services.work import breaker as module
from recognizer.services.work.breaker import DEADLINE_SECONDS, SLOW_SECONDS, BrokerDown, CircuitBreaker


class Fake:
    """A thing that answers after a while, or not at all: the breaker sees no difference from Redis."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.error: Exception | None = None
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        time.sleep(self.seconds)
        if self.error:
            raise self.error
        return "answer"


@pytest.fixture
def there(monkeypatch) -> Fake:
    monkeypatch.setattr(module, "PROBE_EVERY_SECONDS", 0.05)
    return Fake()


@pytest.fixture
def breaker(there):
    breaker = CircuitBreaker(there)
    yield breaker
    breaker.close()


def seconds_of(breaker: CircuitBreaker, work) -> float:
    started = time.monotonic()
    with pytest.raises(BrokerDown):
        breaker.call(work)
    return time.monotonic() - started


def test_an_answer_passes(breaker, there):
    assert breaker.call(there) == "answer"
    assert not breaker.is_open


@pytest.mark.parametrize("error", [redis.ConnectionError("refused"), OSError(111, "refused"), TimeoutError()])
def test_an_error_of_redis_opens_it(breaker, there, error):
    there.error = error
    seconds_of(breaker, there)
    assert breaker.is_open


def test_a_defect_of_ours_passes_as_it_is(breaker, there):
    there.error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        breaker.call(there)
    assert not breaker.is_open


def test_silence_ends_at_the_deadline(breaker, there):
    there.seconds = 2
    assert seconds_of(breaker, there) < DEADLINE_SECONDS + 0.2


def test_an_open_breaker_asks_nobody_and_takes_no_time(breaker, there):
    there.error = redis.ConnectionError()
    breaker.open("for the test")
    calls = there.calls
    assert seconds_of(breaker, lambda: pytest.fail("nobody is asked")) < 0.05
    assert there.calls in (calls, calls + 1)  # the watcher's own


def test_slow_answers_are_believed_and_after_two_the_next_use_is_spared(breaker, there):
    there.seconds = SLOW_SECONDS + 0.05
    assert [breaker.call(there) for _ in range(2)] == ["answer", "answer"]
    assert seconds_of(breaker, there) < 0.05


def test_one_slow_answer_among_quick_ones_is_forgiven(breaker, there):
    for seconds in (SLOW_SECONDS + 0.05, 0.0) * 2:
        there.seconds = seconds
        breaker.call(there)
    assert not breaker.is_open


def test_it_closes_by_itself_when_redis_is_back(breaker, there):
    there.error = redis.ConnectionError()
    seconds_of(breaker, there)
    there.error = None
    deadline = time.monotonic() + 5
    while breaker.is_open and time.monotonic() < deadline:
        time.sleep(0.01)
    assert breaker.call(there) == "answer"


def test_a_forked_process_starts_closed_and_works(breaker, there):
    there.error = redis.ConnectionError()
    seconds_of(breaker, there)
    there.error = None
    child = os.fork()
    if child == 0:
        os._exit(0 if breaker.call(there) == "answer" else 1)
    assert os.waitpid(child, 0)[1] == 0
