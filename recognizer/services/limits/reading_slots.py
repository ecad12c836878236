"""The number of pictures of one account that a web process reads at the same time.

Without this limit one account could take all threads of all processes. It is counted in the process: a count in Redis
would cost each picture two round trips, and would have to be repaired after a killed process.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.utils.translation import gettext as _

from recognizer.problems import Problem

# A usual picture is read in a few milliseconds, so that a program with many connections is rarely refused.
MAX_WAIT_SECONDS = 0.25
RETRY_AFTER_SECONDS = 1


class ReadingSlots:
    """Counters of the readings that run in this process, by account."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.running: Counter[int] = Counter()

    @contextmanager
    def taken_by(self, account_id: int, *, spared: int = 0) -> Iterator[None]:
        """Hold one slot of an account while the block reads a picture. Raise Problem if none becomes free in time.

        `spared` slots are left to others: live previews never take the last one from a picture that is to be kept.
        """
        with self.changed:
            if not self.changed.wait_for(lambda: self.has_free_slot(account_id, spared), MAX_WAIT_SECONDS):
                raise Problem(
                    "throttled",
                    _("Too many pictures are being read for you at the same time. Send fewer at once."),
                    retry_after_seconds=RETRY_AFTER_SECONDS,
                )
            self.running[account_id] += 1
        try:
            yield
        finally:
            with self.changed:
                self.running[account_id] -= 1
                if not self.running[account_id]:
                    del self.running[account_id]
                self.changed.notify_all()

    def has_free_slot(self, account_id: int, spared: int = 0) -> bool:
        return self.running[account_id] < max(1, settings.READINGS_AT_ONCE - spared)


reading_slots = ReadingSlots()
