"""Counters that the processes of one machine share, without a lock between them and without another service.

Each process counts in a file of its own, which is mapped into memory: a count costs about a microsecond. Whoever shows
the metrics adds up all files. A process locks its file as long as it lives. A new one takes over the file of one that
has ended, so that no count is lost and there are never more files than there were processes at once.
"""

import fcntl
import logging
import mmap
import os
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from django.conf import settings

logger = logging.getLogger(__name__)

RECORD = struct.Struct("<248sd")  # the name of a counter with its labels, and its value
MAX_RECORDS = 8192
FILE_BYTES = RECORD.size * MAX_RECORDS
VALUE = struct.Struct("<d")
VALUE_OFFSET = RECORD.size - VALUE.size
SUFFIX = ".counters-1"  # ends in the version of the format


def is_enabled() -> bool:
    """Return whether somebody may see the metrics. Otherwise nothing is counted."""
    return bool(settings.METRICS_TOKEN or settings.METRICS_ADDRESSES)


class SharedCounters:
    """The counters of this process, and the sums of those of all processes."""

    def __init__(self) -> None:
        self._forget()
        os.register_at_fork(after_in_child=self._forget)  # a child must not count in its parent's file

    def _forget(self) -> None:
        self.lock = threading.Lock()
        self.file: int | None = None
        self.memory: mmap.mmap | None = None
        self.offsets: dict[str, int] = {}

    def add(self, name: str, amount: float = 1.0) -> None:
        """Add to a counter, which is named as Prometheus names it: `jobs_total{kind="mail"}`."""
        with self.lock:
            if self.memory is None:
                self._open()
            offset = self.offsets.get(name) or self._allocate(name)
            if offset:
                (value,) = VALUE.unpack_from(self.memory, offset)  # type: ignore[arg-type]
                VALUE.pack_into(self.memory, offset, value + amount)  # type: ignore[arg-type]

    def sums(self) -> dict[str, float]:
        """Return the sum of each counter over all processes, those that have ended included."""
        found: dict[str, float] = {}
        for path in _paths():
            try:
                content = path.read_bytes()
            except OSError:
                continue
            for name, value in _records(content):
                found[name] = found.get(name, 0.0) + value
        return found

    def _open(self) -> None:
        try:
            self.file = _take_over() or _create()
            _reserve_space(self.file)
            self.memory = mmap.mmap(self.file, FILE_BYTES)
        except OSError as error:
            logger.warning("The metrics of this process are not counted: %s", error)
            self.memory = mmap.mmap(-1, FILE_BYTES)
        records = enumerate(_records(self.memory))
        self.offsets = {name: RECORD.size * place + VALUE_OFFSET for place, (name, _value) in records}

    def _allocate(self, name: str) -> int:
        """Return the place of a new counter; 0 if there is no room for it."""
        key, place = name.encode(), len(self.offsets)
        if len(key) > VALUE_OFFSET or place == MAX_RECORDS:
            return 0
        RECORD.pack_into(self.memory, RECORD.size * place, key, 0.0)  # type: ignore[arg-type]
        self.offsets[name] = RECORD.size * place + VALUE_OFFSET
        return self.offsets[name]


def _paths() -> list[Path]:
    return sorted(settings.METRICS_ROOT.glob(f"*{SUFFIX}"))


def _records(content: bytes | mmap.mmap) -> Iterator[tuple[str, float]]:
    for offset in range(0, len(content) - RECORD.size + 1, RECORD.size):
        key, value = RECORD.unpack_from(content, offset)
        if not key[0]:
            return
        yield key.rstrip(b"\0").decode(errors="replace"), value


def _take_over() -> int | None:
    """Return the open and locked file of a process that has ended, or None."""
    for path in _paths():
        file = os.open(path, os.O_RDWR)
        if os.fstat(file).st_size == FILE_BYTES and _is_locked_now(file):
            return file
        os.close(file)
    return None


def _create() -> int:
    settings.METRICS_ROOT.mkdir(parents=True, exist_ok=True)
    # Locked before it has its name: otherwise another process could take it over in the meantime.
    hidden = settings.METRICS_ROOT / f".{uuid4().hex}"
    file = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    os.ftruncate(file, FILE_BYTES)
    _is_locked_now(file)
    hidden.rename(settings.METRICS_ROOT / f"{uuid4().hex}{SUFFIX}")
    return file


def _reserve_space(file: int) -> None:
    """Give the file its space on the disk. Raise OSError if there is none.

    A write to mapped memory for which the disk has no space kills the process with SIGBUS.
    """
    if hasattr(os, "posix_fallocate"):  # not on macOS
        os.posix_fallocate(file, 0, FILE_BYTES)


def _is_locked_now(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


counters = SharedCounters()


def count(name: str, amount: float = 1.0) -> None:
    """Add to a counter if metrics are on."""
    if is_enabled():
        counters.add(name, amount)
