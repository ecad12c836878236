"""An acknowledgement that Redis does not hear must not leave a worker that lives and takes nothing."""

import pytest
import redis
from kombu import Connection

import config.celery  # noqa: F401  (installs what is tested)


@pytest.mark.parametrize("how", ["ack", "reject", "requeue"])
def test_a_lost_answer_frees_the_place_of_its_message(redis_server, how):
    with Connection(redis_server.url) as connection:
        queue = connection.SimpleQueue("words")
        queue.put("hello")
        message = queue.get(timeout=5)
        channel = message.channel
        channel.qos.prefetch_count = 1
        assert not channel.qos.can_consume()
        redis_server.kill()
        with pytest.raises((redis.ConnectionError, OSError)):
            getattr(message, how)()
        assert channel.qos.can_consume()
        redis_server.start()
