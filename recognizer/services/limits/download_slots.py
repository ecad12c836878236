"""The number of exports that a web process sends to one account, or by one export link, at the same time.

A slow download holds a thread, and without this limit one account could take all threads of all processes.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from uuid import UUID

from django.utils.translation import gettext as _

from recognizer.problems import Problem

DOWNLOADS_AT_ONCE = 2  # a download that broke off may still hold one
RETRY_AFTER_SECONDS = 30

Holder = int | UUID  # the key of an account, or of an export link: whoever has it must not use up its owner's slots


class DownloadSlots:
    """Counters of the downloads that run in this process, by account or link."""

    def __init__(self) -> None:
        self.lock = threading.RLock()  # the garbage collector may close pieces while this thread holds it
        self.running: Counter[Holder] = Counter()

    def hold(self, holder: Holder, pieces: Iterator[str] | Iterator[bytes]) -> "HeldPieces":
        """Return the pieces, which hold a slot until they are closed. Raise Problem if none is free."""
        with self.lock:
            if self.running[holder] >= DOWNLOADS_AT_ONCE:
                raise Problem(
                    "throttled",
                    _("%(count)d downloads are running already. Wait until one has ended.")
                    % {"count": DOWNLOADS_AT_ONCE},
                    retry_after_seconds=RETRY_AFTER_SECONDS,
                )
            self.running[holder] += 1
        return HeldPieces(self, holder, pieces)

    def free(self, holder: Holder) -> None:
        with self.lock:
            self.running[holder] -= 1
            if not self.running[holder]:
                del self.running[holder]


class HeldPieces:
    """An iterator for a streaming response, which closes it at the end, also if nothing was sent."""

    def __init__(self, slots: DownloadSlots, holder: Holder, pieces: Iterator[str] | Iterator[bytes]) -> None:
        self.slots, self.holder, self.pieces = slots, holder, pieces
        self.is_closed = False

    def __iter__(self) -> Iterator[str] | Iterator[bytes]:
        return self.pieces

    def close(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            self.slots.free(self.holder)

    __del__ = close  # an error after the view replaces its response, which nothing closes then


download_slots = DownloadSlots()
