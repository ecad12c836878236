"""What a Celery worker does beside its tasks: it says that it lives, and looks after what others left behind."""

from typing import Any

from celery import bootsteps
from celery.signals import worker_ready

from recognizer.queues import UPKEEP
from recognizer.services import broker
from recognizer.services.worker_state import ALIVE_EVERY_SECONDS, say_alive


class SaysAlive(bootsteps.StartStopStep):
    """On the worker's own timer: a process that hangs falls silent."""

    requires = ("celery.worker.components:Timer",)

    def __init__(self, parent: Any, **options: Any) -> None:
        self.timer: Any = None

    def start(self, parent: Any) -> None:
        say_alive()
        self.timer = parent.timer.call_repeatedly(ALIVE_EVERY_SECONDS, say_alive, priority=10)

    def stop(self, parent: Any) -> None:
        if self.timer is not None:
            self.timer.cancel()


@worker_ready.connect
def sweep_at_start(**kwargs: Any) -> None:
    """What waits since the last worker went should not wait for beat, which may not even run here."""
    try:
        broker.publish("recognizer.tasks.sweep", queue=UPKEEP)
    except broker.BrokerDown:
        return
