"""Tests of the fixes for kombu: a worker's slot is freed in any case, and the mutex needs no script."""

import pytest
import redis
from kombu import Connection
from kombu.transport.redis import Channel, MutexHeld
from kombu.transport.redis import QoS as KombuQoS

import config.celery  # noqa: F401  (installs the fixes)
from config import task_messages
from config.redis_qos import mutex
from recognizer.services.work.broker import redis_client
from tests.servers.redis import RedisServer


@pytest.fixture(autouse=True)
def other_messages_than_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the tests send words."""
    monkeypatch.setattr(task_messages, "check_message", lambda message: None)


METHODS = pytest.mark.parametrize("method", ["ack", "reject", "requeue"])


def is_slot_free_after_lost(method: str, server: RedisServer) -> bool:
    """Take one message with a prefetch count of one, lose its acknowledgement, and return whether another may come."""
    with Connection(server.url) as connection:
        queue = connection.SimpleQueue("words")
        queue.put("hello")
        message = queue.get(timeout=5)
        qos = message.channel.qos
        qos.prefetch_count = 1
        assert not qos.can_consume()
        server.kill()
        with pytest.raises((redis.ConnectionError, OSError)):
            getattr(message, method)()
        is_free: bool = qos.can_consume()
        server.start()
        return is_free


@METHODS
def test_a_lost_acknowledgement_frees_the_slot(redis_server: RedisServer, method: str):
    assert is_slot_free_after_lost(method, redis_server)


@METHODS
def test_kombu_still_needs_the_fix(redis_server: RedisServer, method: str, monkeypatch: pytest.MonkeyPatch):
    """Fails when kombu frees the slot by itself: delete `QoS` in config/redis_qos.py and its tests then."""
    monkeypatch.setattr(Channel, "QoS", KombuQoS)
    assert not is_slot_free_after_lost(method, redis_server)


def test_one_process_at_a_time_holds_the_mutex(redis_server: RedisServer):
    with mutex(redis_client(), "lock", 60):
        with pytest.raises(MutexHeld), mutex(redis_client(), "lock", 60):
            pass
        assert 0 < redis_client().pttl("lock") <= 60_000
    assert not redis_client().exists("lock")


def test_a_mutex_that_another_process_has_taken_over_is_left_alone(redis_server: RedisServer):
    with mutex(redis_client(), "lock", 60):
        redis_client().set("lock", "of another process")
    assert redis_client().get("lock") == b"of another process"


def test_kombu_restores_messages_without_scripts(redis_server: RedisServer):
    """The fixture checks that no command was refused."""
    with Connection(redis_server.url) as connection:
        queue = connection.SimpleQueue("words")
        queue.put("hello")
        qos = queue.get(timeout=5).channel.qos
        qos.channel.visibility_timeout = qos.visibility_timeout = 0
        qos.restore_visible(interval=1)
        assert queue.get(timeout=5).payload == "hello"
