"""The heartbeat of a worker. The Celery application imports this module, so it must not import models."""

from typing import Any

from celery import bootsteps

from recognizer.services.work.worker_state import HEARTBEAT_EVERY_SECONDS, record_heartbeats


class HeartbeatStep(bootsteps.StartStopStep):
    """A step of the consumer that records heartbeats. It starts again with every connection, which clears its timer."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self.timer: Any = None

    def start(self, parent: Any) -> None:
        queues = set(parent.app.amqp.queues.consume_from)
        record_heartbeats(queues)
        self.timer = parent.timer.call_repeatedly(HEARTBEAT_EVERY_SECONDS, record_heartbeats, (queues,))

    def stop(self, parent: Any) -> None:
        if self.timer is not None:
            self.timer.cancel()
