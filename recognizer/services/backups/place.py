"""Places of backups: a folder or a bucket that keeps many and stores equal files once, or a ZIP file with one.

All contain the same names:

    objects/3f/3f79…                  the content of a file, named after its SHA-256
    snapshots/NAME/manifest.json      what the snapshot contains; written last
    snapshots/NAME/files.jsonl.gz     the names of its files, and their SHA-256
    snapshots/NAME/tables/….jsonl.gz  its rows

A snapshot is finished once its manifest has this name, so that a killed backup leaves nothing that passes as whole.
With BACKUP_KEY every file is encrypted, and the names of objects do not tell their SHA-256.
"""

import io
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import IO

from django.conf import settings

from recognizer.services.backups.encryption import MAGIC, BackupKey, DecryptingFile, EncryptingFile, content_size
from recognizer.services.backups.errors import BackupError
from recognizer.services.backups.tables import Output

MANIFEST = "manifest.json"


def object_name(sha256: str) -> str:
    return f"objects/{sha256[:2]}/{sha256}"


def configured_key() -> BackupKey | None:
    return BackupKey(settings.BACKUP_KEY) if settings.BACKUP_KEY else None


class Place(ABC):
    """A place from which backups are read."""

    def __init__(self) -> None:
        self.key = configured_key()

    def open(self, name: str) -> IO[bytes]:
        """Return a file to read. Raise FileNotFoundError if there is none."""
        file = self._open_stored(self.stored_name(name))
        if self.key:
            return io.BufferedReader(DecryptingFile(file, self.key, lasting_name(name)))
        if not name.startswith("objects/"):  # what people have uploaded may begin with anything
            if file.read(len(MAGIC)) == MAGIC:
                file.close()
                raise BackupError("This backup is encrypted. Set BACKUP_KEY.")
            file.seek(0)
        return file

    def find_size(self, name: str) -> int | None:
        """Return the size of a file, or None if there is none."""
        size = self._find_stored_size(self.stored_name(name))
        return content_size(size) if self.key and size is not None else size

    def stored_name(self, name: str) -> str:
        """Return the name under which the place has the file."""
        if self.key and name.startswith("objects/"):
            return object_name(self.key.hide(name.rpartition("/")[2]))
        return name

    @abstractmethod
    def _open_stored(self, name: str) -> IO[bytes]:
        """Return a file as it is in the place. Raise FileNotFoundError if there is none."""

    @abstractmethod
    def _find_stored_size(self, name: str) -> int | None:
        """Return the size of a file as it is in the place, or None if there is none."""

    @abstractmethod
    def list_snapshots(self) -> list[str]:
        """Return the names of the finished snapshots, the oldest first."""


class Target(Place):
    """A place to which one snapshot is written. It becomes visible with `commit`."""

    folder: str  # of the snapshot, while it is not committed

    @contextmanager
    def write(self, name: str) -> Iterator[Output]:
        """Yield a file to write, in place of an earlier one of this name."""
        with self._write_stored(self.stored_name(name)) as file:
            if not self.key:
                yield file
                return
            encrypting = EncryptingFile(file, self.key, lasting_name(name))
            yield encrypting
            encrypting.finish()

    @abstractmethod
    def _write_stored(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """Return a file to write as it shall be in the place."""

    @abstractmethod
    def close(self) -> None:
        """Complete what was written. The snapshot can be read and verified then, but is still hidden."""

    @abstractmethod
    def commit(self) -> None:
        """Give the snapshot its final name."""


def lasting_name(name: str) -> str:
    """Return the name that a file has once its snapshot is committed."""
    return name.replace("snapshots/.", "snapshots/", 1)


class SharedPlace(Place):
    """A place that keeps many snapshots, which share the objects of equal files."""

    @abstractmethod
    def lock(self, *, exclusive: bool) -> AbstractContextManager[None]:
        """Hold the place, so that nothing is removed from it while somebody writes to it."""

    @abstractmethod
    def remove_snapshot(self, name: str) -> None:
        """Remove a snapshot. It is hidden first, so that an interruption leaves nothing that passes as whole."""

    @abstractmethod
    def list_objects(self) -> Iterator[str]:
        """Yield the names of all objects, those that a killed backup left unfinished included."""

    @abstractmethod
    def remove_object(self, name: str) -> None:
        """Remove an object."""
