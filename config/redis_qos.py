"""Two fixes for kombu's Redis transport.

**A lost acknowledgement must not stop a worker from taking messages.** A worker takes the next message when it has
acknowledged the last one. `kombu.transport.redis.QoS.ack` of kombu 5.7.0 counts a message as acknowledged only after
Redis has confirmed it. If the connection dies during a job, the message counts as unacknowledged for ever, and the
worker takes nothing more until it is restarted. The message itself is safe: Redis delivers it again when its visibility
timeout ends, and the job's row then says that it is done.

No upstream issue describes this cause. https://github.com/celery/celery/issues/10302 reports the same symptom, and no
release up to kombu 5.7.0 contains a fix. `test_kombu_still_needs_the_fix` fails as soon as one does: then delete `QoS`.

**The bundled Redis runs no scripts.** kombu's mutex releases its lock with one. Ours uses a transaction.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from kombu.transport import redis, virtual
from redis import Redis
from redis.client import Pipeline


class QoS(redis.QoS):
    """Counts a message as acknowledged even if Redis cannot be told."""

    def ack(self, delivery_tag: str) -> None:
        try:
            super().ack(delivery_tag)
        finally:
            virtual.QoS.ack(self, delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        try:
            super().reject(delivery_tag, requeue=requeue)
        finally:
            virtual.QoS.ack(self, delivery_tag)


@contextmanager
def mutex(client: "Redis", name: str, expire: int) -> Iterator[None]:
    """Hold a lock that ends by itself after `expire` seconds. Raise MutexHeld if another process holds it."""
    token = uuid4().hex.encode()
    if not client.set(name, token, ex=expire, nx=True):
        raise redis.MutexHeld

    def release(transaction: "Pipeline") -> None:
        if transaction.get(name) == token:  # otherwise it ended, and may belong to another process
            transaction.multi()
            transaction.delete(name)

    try:
        yield
    finally:
        client.transaction(release, name)


def install() -> None:
    redis.Channel.QoS = QoS
    redis.Mutex = mutex
