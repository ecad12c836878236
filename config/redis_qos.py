"""A fix for kombu's Redis transport: a lost acknowledgement must not stop a worker from taking messages.

A worker takes the next message when it has acknowledged the last one. `kombu.transport.redis.QoS.ack` of kombu 5.7.0
counts a message as acknowledged only after Redis has confirmed it. If the connection dies during a job, the message
counts as unacknowledged for ever, and the worker takes nothing more until it is restarted. The message itself is safe:
Redis delivers it again when its visibility timeout ends, and the job's row then says that it is done.

No upstream issue describes this cause. https://github.com/celery/celery/issues/10302 reports the same symptom, and no
release up to kombu 5.7.0 contains a fix. `test_kombu_still_needs_the_fix` fails as soon as one does: then delete this
module.
"""

from kombu.transport import redis, virtual


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


def install() -> None:
    redis.Channel.QoS = QoS
