"""Tests of the fix that frees a worker's slot when Redis cannot be told of an acknowledgement."""

import pytest
import redis
from kombu import Connection
from kombu.transport.redis import Channel
from kombu.transport.redis import QoS as KombuQoS

import config.celery  # noqa: F401  (installs the fix)
from tests.servers.redis import RedisServer

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
    """Fails when kombu frees the slot by itself: delete config/redis_qos.py and this file then."""
    monkeypatch.setattr(Channel, "QoS", KombuQoS)
    assert not is_slot_free_after_lost(method, redis_server)
