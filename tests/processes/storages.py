"""Storages for workers under test, named in MEDIA_STORAGE: the one place where a test reaches into a real worker."""

import os
import signal
import time
from typing import Any

from billiard.exceptions import SoftTimeLimitExceeded
from django.core.files.base import File

from recognizer.storage import AtomicFileSystemStorage

POISON = b"this picture kills whoever opens it"
SLOW = b"this picture holds whoever opens it"
STUBBORN = b"and does not let go"


class PoisonedStorage(AtomicFileSystemStorage):
    def _open(self, name: str, mode: str = "rb") -> File:
        file = super()._open(name, mode)
        if POISON in file.read():
            os.kill(os.getpid(), signal.SIGKILL)
        file.seek(0)
        return file


class SlowStorage(AtomicFileSystemStorage):
    """Takes for ever over what is marked so; over what is marked stubborn, whatever it is told."""

    def _open(self, name: str, mode: str = "rb") -> File:
        file = super()._open(name, mode)
        content = file.read()
        while SLOW in content:
            try:
                time.sleep(60)
            except SoftTimeLimitExceeded:
                if STUBBORN not in content:
                    raise
        file.seek(0)
        return file


class CountingStorage(AtomicFileSystemStorage):
    """Writes down each name it saves, in the file that SAVED_NAMES names."""

    def _save(self, name: str, content: Any) -> str:
        with open(os.environ["SAVED_NAMES"], "a") as log:  # noqa: PTH123  (O_APPEND: whole lines from any process)
            log.write(f"{name}\n")
        return super()._save(name, content)
