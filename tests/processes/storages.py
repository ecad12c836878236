"""Storages that MEDIA_STORAGE names for workers under test. Only here does a test reach into a real worker."""

import contextlib
import os
import signal
import time
from typing import Any

from billiard.exceptions import SoftTimeLimitExceeded
from django.core.files.base import File

from recognizer.storage.disk import AtomicFileSystemStorage

POISON = b"this picture kills whoever opens it"
SLOW = b"this picture holds whoever opens it"
STUBBORN = b"and does not let go when asked"
DEAF = b"and lets go of nobody alive"


class PoisonedStorage(AtomicFileSystemStorage):
    def _open(self, name: str, mode: str = "rb") -> File:
        file = super()._open(name, mode)
        if POISON in file.read():
            os.kill(os.getpid(), signal.SIGKILL)
        file.seek(0)
        return file


class SlowStorage(AtomicFileSystemStorage):
    """A storage that never returns marked files. Their marks decide which signal still ends it."""

    def _open(self, name: str, mode: str = "rb") -> File:
        file = super()._open(name, mode)
        content = file.read()
        deaf_to = BaseException if DEAF in content else SoftTimeLimitExceeded if STUBBORN in content else ()
        while SLOW in content:
            with contextlib.suppress(deaf_to):
                time.sleep(60)
        file.seek(0)
        return file


class CountingStorage(AtomicFileSystemStorage):
    """A storage that appends each saved name to the file in SAVED_NAMES."""

    def _save(self, name: str, content: Any) -> str:
        with open(os.environ["SAVED_NAMES"], "a") as log:  # noqa: PTH123  (O_APPEND: whole lines from any process)
            log.write(f"{name}\n")
        return super()._save(name, content)
