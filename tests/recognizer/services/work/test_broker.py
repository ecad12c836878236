"""Tests of the transactions in Redis that requests wait for."""

import threading

import pytest

from recognizer.services.work import broker


def count(key: str) -> list[int]:
    return broker.run_transaction([("SET", key, 5, "NX"), ("INCRBY", key, 1), ("PTTL", key)])[1:]


def test_a_thread_keeps_its_connection_and_shares_it_with_no_other(redis_server):
    assert [count("a"), count("a")] == [[6, -1], [7, -1]]
    mine = broker._thread_local.connection
    others = []

    def count_in_another_thread() -> None:
        others.append(count("a"))
        others.append(broker._thread_local.connection)

    thread = threading.Thread(target=count_in_another_thread)
    thread.start()
    thread.join()
    assert others[0] == [8, -1]
    assert others[1] is not mine
    assert broker._thread_local.connection is mine


def test_a_connection_that_redis_has_closed_is_replaced_without_an_error(redis_server):
    count("a")
    before = broker._thread_local.connection
    redis_server.stop()
    redis_server.start()
    assert len(count("a")) == 2
    assert broker._thread_local.connection is not before
    assert not broker.breaker.is_open


def test_answers_are_never_taken_for_those_of_other_commands(redis_server):
    count("a")
    with pytest.raises(broker.BrokerDown):
        broker.run_transaction([("INCRBY", "a", 1), ("NO SUCH COMMAND",), ("PTTL", "a")])
    assert not hasattr(broker._thread_local, "connection")
    broker.breaker.close()
    assert count("a") == [7, -1]


def test_a_redis_that_is_gone_opens_the_breaker(redis_server):
    count("a")
    redis_server.stop()
    with pytest.raises(broker.BrokerDown):
        count("a")
    assert broker.breaker.is_open
