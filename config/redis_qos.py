"""A mend for Celery on Redis: an acknowledgement that is lost must not cost the worker its place.

A worker takes a message only when it has acknowledged the last one. If the connection dies without a word during a
job (a firewall, a cable), the acknowledgement fails, kombu 5.7 counts the message as held for ever, and a worker that
is alive takes nothing more until somebody restarts it. The message itself is safe: Redis hands it out again when its
visibility ends, and then the job's row says that it is done.
"""

from kombu.transport import redis, virtual


class QoS(redis.QoS):
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
