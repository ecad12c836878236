"""A bucket of an object store that keeps backups.

Objects cannot be renamed. All parts of a snapshot have their final names at once, and only its manifest has a hidden
name until the snapshot is committed.
"""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from django.conf import settings
from django.core.files.base import File

from recognizer.services.backups.bucket_lock import LOCK, BucketLock
from recognizer.services.backups.errors import BackupError, PlaceUnavailable
from recognizer.services.backups.place import MANIFEST, SharedPlace, Target, lasting_name

if TYPE_CHECKING:
    from recognizer.storage.object_store import ObjectStorage

SCHEME = "s3://"
SPOOLED_BYTES = 32 << 20  # in memory; larger files are written to a temporary file first


@dataclass(frozen=True)
class BucketAddress:
    """The name of a bucket, and the prefix of all names in it."""

    bucket: str
    prefix: str = ""

    @classmethod
    def parse(cls, text: str) -> "BucketAddress":
        bucket, _, prefix = text.removeprefix(SCHEME).partition("/")
        if not bucket:
            raise BackupError(f"{text} names no bucket. Write s3://BUCKET or s3://BUCKET/PREFIX.")
        return cls(bucket, prefix.strip("/"))

    def __str__(self) -> str:
        return f"{SCHEME}{self.bucket}/{self.prefix}".rstrip("/")

    def open_storage(self) -> "ObjectStorage":
        """Return the storage with this prefix. Raise BackupError if one of it and the pictures is inside the other."""
        from recognizer.storage.object_store import ObjectStorage  # here, since it loads boto3: half a second, 34 MB

        options = {**settings.BACKUP_STORE, "bucket_name": self.bucket, "location": self.prefix}
        media = settings.STORAGES["s3"]["OPTIONS"]
        is_used = "s3" in (settings.MEDIA_STORAGE, settings.MEDIA_MOVED_FROM)
        is_same = all(options[name] == media[name] for name in ("bucket_name", "endpoint_url"))
        inner, outer = sorted((f"{self.prefix}/", f"{media['location']}/"), key=len, reverse=True)
        if is_used and is_same and (outer == "/" or inner.startswith(outer)):
            raise BackupError(f"{self} is where the pictures are. Name another bucket, or a prefix beside S3_PREFIX.")
        return ObjectStorage(**options)


class BucketPlace(SharedPlace):
    """A bucket with snapshots."""

    def __init__(self, address: BucketAddress) -> None:
        super().__init__()
        self.address, self.storage = address, address.open_storage()
        self.held: BucketLock | None = None
        self.sizes: sqlite3.Connection | None = None

    @contextmanager
    def _available(self) -> Iterator[None]:
        """Raise PlaceUnavailable if the store does not answer, so that no file passes as damaged."""
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as error:
            raise PlaceUnavailable(f"{self.address}: {error}") from error

    def _open_stored(self, name: str) -> IO[bytes]:
        with self._available():
            return self.storage.fetch(name)

    def _find_stored_size(self, name: str) -> int | None:
        """Return the size from a list of all objects: a request for each of a hundred thousand would take minutes."""
        if self.sizes is None:
            # On the disk, since a million names would fill the memory.
            self.sizes = sqlite3.connect("", isolation_level=None)
            self.sizes.execute("CREATE TABLE objects (name PRIMARY KEY, size) WITHOUT ROWID")
            with self._available():
                self.sizes.executemany("INSERT INTO objects VALUES (?, ?)", self.storage.list_sizes("objects"))
        row = self.sizes.execute("SELECT size FROM objects WHERE name = ?", [name]).fetchone()
        return int(row[0]) if row else None

    def _forget_sizes(self) -> None:
        if self.sizes is not None:
            self.sizes.close()
            self.sizes = None

    def list_snapshots(self) -> list[str]:
        with self._available():
            names = [name.split("/") for name in self.storage.list_tree("snapshots")]
        return sorted(parts[1] for parts in names if parts[2:] == [MANIFEST] and not parts[1].startswith("."))

    @contextmanager
    def lock(self, *, exclusive: bool) -> Iterator[None]:
        """Hold the bucket to write. Readers do not: a restore whose backup is removed meanwhile fails with an error."""
        if not exclusive:
            yield
            return
        lock = BucketLock(self.storage, str(self.address))
        with self._available():
            lock.acquire()
        try:
            self.held = lock
            yield
        finally:
            lock.release()

    def remove_snapshot(self, name: str) -> None:
        with self._available():
            self.storage.delete(f"snapshots/{name}/{MANIFEST}")
            for part in list(self.storage.list_tree(f"snapshots/{name}")):
                self.storage.delete(part)

    def list_objects(self) -> Iterator[str]:
        with self._available():
            yield from self.storage.list_tree("objects")

    def remove_object(self, name: str) -> None:
        with self._available():
            self.storage.delete(name)


class BucketTarget(BucketPlace, Target):
    """A bucket to which a snapshot is added."""

    def __init__(self, address: BucketAddress, snapshot: str) -> None:
        super().__init__(address)
        self.snapshot, self.folder = snapshot, f"snapshots/.{snapshot}"

    def stored_name(self, name: str) -> str:
        stored = super().stored_name(name)
        return stored if stored.endswith(f"/{MANIFEST}") else lasting_name(stored)

    @contextmanager
    def _write_stored(self, name: str) -> Iterator[IO[bytes]]:
        with tempfile.SpooledTemporaryFile(SPOOLED_BYTES) as file:
            yield file
            file.seek(0)
            with self._available():
                self.storage.save(name, File(file, name))

    def close(self) -> None:
        self._forget_sizes()  # what the store has by now is verified, not what was sent to it

    def commit(self) -> None:
        hidden = f"{self.folder}/{MANIFEST}"
        with self._available():
            if self.held:
                self.held.require()
            self.storage.save(lasting_name(hidden), File(self.storage.fetch(hidden)))
            self.storage.delete(hidden)

    def remove_leftovers(self) -> None:
        """Remove the snapshots that killed backups left unfinished."""
        finished = set(self.list_snapshots())
        with self._available():
            for name in list(self.storage.list_tree("snapshots")):
                if name.split("/")[1] not in finished:
                    self.storage.delete(name)

    @contextmanager
    def opened(self) -> Iterator["BucketTarget"]:
        """Hold the bucket, and yield the target."""
        with self._available():
            first = next(self.storage.list_tree(""), LOCK)
        if first.split("/")[0] not in ("objects", "snapshots", LOCK):
            raise BackupError(f"{self.address} contains other files. Name a prefix of its own for backups.")
        with self.lock(exclusive=True):
            self.remove_leftovers()
            yield self
