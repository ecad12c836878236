"""Tests of the worker state with a real Redis."""

import time

import pytest

from recognizer.services.work import broker
from recognizer.services.work.queues import INTERACTIVE
from recognizer.services.work.worker_state import HEARTBEAT_KEY, fetch_worker_state, record_heartbeats


@pytest.fixture
def redis(redis_server):
    broker.breaker.close()
    return redis_server


def test_without_redis_the_queue_is_unreachable():
    state = fetch_worker_state()
    assert (state.name, state.is_working) == ("unreachable", False)
    assert "queue" in state.sentence


def test_a_worker_without_a_heartbeat_is_missing(redis):
    assert fetch_worker_state().name == "missing"
    assert "No worker" in fetch_worker_state().sentence


def test_a_worker_with_a_heartbeat_is_ready(redis):
    record_heartbeats([INTERACTIVE])
    assert fetch_worker_state().name == "ready"


def test_a_heartbeat_does_not_last_for_hours_after_the_clock_was_set_back(redis):
    broker.redis_client().set(HEARTBEAT_KEY, "1", ex=3 * 3600)
    assert fetch_worker_state().name == "missing"


def test_a_busy_worker_is_shown_with_the_number_of_waiting_messages(redis):
    record_heartbeats([INTERACTIVE])
    for _ in range(3):
        broker.publish("recognizer.tasks.run_job", "0" * 32, queue=INTERACTIVE)
    state = fetch_worker_state()
    assert (state.name, state.waiting_messages) == ("busy", 3)
    assert "3 jobs are waiting" in state.sentence


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_a_real_worker_is_ready_again_after_redis_restarted(redis, worker):
    assert fetch_worker_state().is_working
    redis.kill()
    redis.start()
    redis.client().flushall()
    broker.breaker.close()
    for _ in range(200):
        if fetch_worker_state().is_working:
            return
        broker.breaker.close()
        time.sleep(0.1)
    pytest.fail("No heartbeat arrived after Redis restarted.")
