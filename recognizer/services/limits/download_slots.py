"""The number of exports that a web process sends to one account and by its export links at the same time.

A slow download holds a thread, and without this limit one account could take all threads of all processes.
"""

import threading
from collections import Counter
from collections.abc import Iterator

from django.utils.translation import gettext as _

from recognizer.problems import Problem

DOWNLOADS_AT_ONCE = 3  # fewer than WEB_THREADS; a download that broke off may still hold one
LINK_DOWNLOADS_AT_ONCE = 2  # fewer, because whoever has a link must not use up the slots of its owner
RETRY_AFTER_SECONDS = 30


class DownloadSlots:
    """Counters of the downloads that run in this process, by account. Those of its links are among them."""

    def __init__(self) -> None:
        self.lock = threading.RLock()  # the garbage collector may close pieces while this thread holds it
        self.running: Counter[int] = Counter()

    def hold(self, owner_id: int, pieces: Iterator[str] | Iterator[bytes], *, is_by_link: bool = False) -> "HeldPieces":
        """Return the pieces, which hold a slot of the account until they are closed. Raise Problem if none is free."""
        with self.lock:
            running = self.running[owner_id]
            if running >= (LINK_DOWNLOADS_AT_ONCE if is_by_link else DOWNLOADS_AT_ONCE):
                raise Problem(
                    "throttled",
                    _("%(count)d downloads are running already. Wait until one has ended.") % {"count": running},
                    retry_after_seconds=RETRY_AFTER_SECONDS,
                )
            self.running[owner_id] += 1
        return HeldPieces(self, owner_id, pieces)

    def free(self, owner_id: int) -> None:
        with self.lock:
            self.running[owner_id] -= 1
            if not self.running[owner_id]:
                del self.running[owner_id]


class HeldPieces:
    """An iterator for a streaming response, which closes it at the end, also if nothing was sent."""

    def __init__(self, slots: DownloadSlots, owner_id: int, pieces: Iterator[str] | Iterator[bytes]) -> None:
        self.slots, self.owner_id, self.pieces = slots, owner_id, pieces
        self.is_closed = False

    def __iter__(self) -> Iterator[str] | Iterator[bytes]:
        return self.pieces

    def close(self) -> None:
        """End the pieces of a download that broke off, with their query and their files, and free the slot."""
        if not self.is_closed:
            self.is_closed = True
            try:
                if hasattr(self.pieces, "close"):
                    self.pieces.close()
            finally:
                self.slots.free(self.owner_id)

    __del__ = close  # an error after the view replaces its response, which nothing closes then


download_slots = DownloadSlots()
