"""The lock of a bucket of backups: an object that its holder changes every few seconds.

One that nobody changes was left by a process that was killed, and is taken over. No clock is compared with another.
"""

import secrets
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from django.core.files.base import ContentFile

from recognizer.services.backups.errors import BackupError

if TYPE_CHECKING:
    from recognizer.storage.object_store import ObjectStorage

LOCK = ".lock"
RENEWED_SECONDS = 10.0
ABANDONED_SECONDS = 60.0
LOOKS = 12  # in this time


class BucketLock:
    """The right of this process to write to a bucket of backups."""

    def __init__(self, storage: "ObjectStorage", place: str) -> None:
        self.storage, self.place = storage, place
        self.holder = secrets.token_hex(8)
        self.renewals = 0
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._renew, daemon=True)

    def acquire(self) -> None:
        """Take the lock. Where another has it, wait a minute, and raise BackupError if that one is alive."""
        if not self.storage.save_new(LOCK, self._content()):
            self._wait_until_abandoned()
            self.storage.delete(LOCK)
            if not self.storage.save_new(LOCK, self._content()):
                raise self._taken()
        self.thread.start()

    def release(self) -> None:
        self.is_over.set()
        self.thread.join()
        with suppress(OSError):  # it is abandoned then
            if self._is_held():
                self.storage.delete(LOCK)

    def require(self) -> None:
        """Raise BackupError if another process has taken the lock over, as it does after a minute without renewal."""
        if not self._is_held():
            raise self._taken()

    def _taken(self) -> BackupError:
        return BackupError(f"Another process uses the backups in {self.place}.")

    def _content(self) -> ContentFile:
        return ContentFile(f"{self.holder} {self.renewals}".encode())

    def _read(self) -> bytes:
        try:
            return self.storage.fetch(LOCK).read()
        except FileNotFoundError:
            return b""

    def _is_held(self) -> bool:
        return self._read().startswith(self.holder.encode())

    def _wait_until_abandoned(self) -> None:
        first = self._read()
        for _look in range(LOOKS):
            time.sleep(ABANDONED_SECONDS / LOOKS)
            if self._read() != first:
                raise self._taken()

    def _renew(self) -> None:
        while not self.is_over.wait(RENEWED_SECONDS):
            with suppress(OSError):  # an outage; the next renewal may succeed
                if not self._is_held():
                    return
                self.renewals += 1
                self.storage.save(LOCK, self._content())
