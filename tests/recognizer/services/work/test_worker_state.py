"""What the page says of the worker, asked of a real Redis."""

import time

import pytest

from recognizer.queues import INTERACTIVE
from recognizer.services.work import broker
from recognizer.services.work.worker_state import ask_worker_state, say_alive


@pytest.fixture
def redis(redis_server):
    broker.breaker.close()
    return redis_server


def test_without_redis_the_queue_cannot_be_reached():
    state = ask_worker_state()
    assert (state.name, state.works) == ("unreachable", False)
    assert "queue" in state.sentence


def test_a_silent_worker_is_missing(redis):
    assert ask_worker_state().name == "missing"
    assert "No worker" in ask_worker_state().sentence


def test_a_worker_that_said_so_is_there(redis):
    say_alive()
    assert ask_worker_state().name == "ready"


def test_it_says_how_much_is_ahead(redis):
    say_alive()
    for _ in range(3):
        broker.publish("recognizer.tasks.run_job", "0" * 32, queue=INTERACTIVE)
    state = ask_worker_state()
    assert (state.name, state.ahead) == ("busy", 3)
    assert "3 pieces" in state.sentence


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_a_real_worker_is_seen_also_after_redis_was_away(redis, worker):
    assert ask_worker_state().works
    redis.kill()
    redis.start()
    redis.client().flushall()
    broker.breaker.close()
    for _ in range(200):
        if ask_worker_state().works:
            return
        broker.breaker.close()
        time.sleep(0.1)
    pytest.fail("the worker is not heard again")
