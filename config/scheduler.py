"""Beat's scheduler, which goes on at once after the clock was set back.

Celery compares times of the clock: a task that is due every ten seconds would not be sent again for three hours if the
clock is set back by three hours. The schedule stays in memory: its tasks are cheap to run once too often, and no file
can be damaged.
"""

from typing import Any

from celery import beat


class Scheduler(beat.Scheduler):
    """Celery's scheduler, without a file."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send the task that is due, if any, and return the seconds until the next call."""
        entries = self.schedule.values()
        if any(entry.last_run_at and entry.last_run_at > entry.default_now() for entry in entries):
            for entry in entries:
                entry.last_run_at = entry.default_now()
            self._heap = None  # its times are of the old clock as well
        return float(super().tick(*args, **kwargs))
