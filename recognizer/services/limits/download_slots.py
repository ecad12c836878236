"""The number of exports that a web process sends to one account at the same time.

A slow download holds a thread, and without this limit one account could take all threads of all processes.
"""

import threading
from collections import Counter
from collections.abc import Iterator

from django.utils.translation import gettext as _

from recognizer.problems import Problem

DOWNLOADS_AT_ONCE = 2  # a download that broke off may still hold one
RETRY_AFTER_SECONDS = 30


class DownloadSlots:
    """Counters of the downloads that run in this process, by account."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.running: Counter[int] = Counter()

    def hold(self, account_id: int, pieces: Iterator[bytes]) -> "HeldPieces":
        """Return the pieces, which hold a slot until they are closed. Raise Problem if none is free."""
        with self.lock:
            if self.running[account_id] >= DOWNLOADS_AT_ONCE:
                raise Problem(
                    "throttled",
                    _("Your export is being downloaded already. Wait until a download has ended."),
                    retry_after_seconds=RETRY_AFTER_SECONDS,
                )
            self.running[account_id] += 1
        return HeldPieces(self, account_id, pieces)

    def free(self, account_id: int) -> None:
        with self.lock:
            self.running[account_id] -= 1
            if not self.running[account_id]:
                del self.running[account_id]


class HeldPieces:
    """An iterator for a streaming response, which closes it at the end, also if nothing was sent."""

    def __init__(self, slots: DownloadSlots, account_id: int, pieces: Iterator[bytes]) -> None:
        self.slots, self.account_id, self.pieces = slots, account_id, pieces
        self.is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        return self.pieces

    def close(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            self.slots.free(self.account_id)


download_slots = DownloadSlots()
