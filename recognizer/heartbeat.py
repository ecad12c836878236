"""A worker says that it lives. Imported by the Celery application, so it needs no models."""

from typing import Any

from celery import bootsteps

from recognizer.services.work.worker_state import ALIVE_EVERY_SECONDS, say_alive


class SaysAlive(bootsteps.StartStopStep):
    """A step of the consumer: begun anew with every connection, which clears the timer."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self.timer: Any = None

    def start(self, parent: Any) -> None:
        say_alive()
        self.timer = parent.timer.call_repeatedly(ALIVE_EVERY_SECONDS, say_alive)

    def stop(self, parent: Any) -> None:
        if self.timer is not None:
            self.timer.cancel()
