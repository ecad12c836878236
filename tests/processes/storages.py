"""Storages for workers under test, named in MEDIA_STORAGE: the one place where a test reaches into a real worker."""

import contextlib
import os
import signal
import time
from typing import Any

from billiard.exceptions import SoftTimeLimitExceeded
from django.core.files.base import File

from recognizer.storage import AtomicFileSystemStorage

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
    """Takes for ever over what is marked so, until it is asked to stop, or is told to, or is killed."""

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
    """Writes down each name it saves, in the file that SAVED_NAMES names."""

    def _save(self, name: str, content: Any) -> str:
        with open(os.environ["SAVED_NAMES"], "a") as log:  # noqa: PTH123  (O_APPEND: whole lines from any process)
            log.write(f"{name}\n")
        return super()._save(name, content)
