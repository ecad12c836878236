"""The files of a backup: those that rows name, and those of the models."""

import hashlib
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any

from django.core.files.storage import default_storage
from django.db import DEFAULT_DB_ALIAS
from django.db.models import FileField, Model

from recognizer.models.model_version import MODELS_FOLDER
from recognizer.services.backups.place import Target, object_name
from recognizer.services.space.folders import walk
from recognizer.storage.disk import size_and_time

CHUNK_BYTES = 1 << 20
SPOOLED_BYTES = 32 << 20  # in memory; the largest picture has 20 MB


@dataclass(frozen=True, slots=True)
class FileOfRow:
    """A file that a row names. A file of a model has no row of its own."""

    name: str
    model: type[Model] | None = None
    column: str = ""
    key: Any = None

    def is_still_named(self) -> bool:
        """Return whether the row still exists, as other processes see it now, and names this file."""
        if self.model is None:
            return False
        rows = self.model._base_manager.using(DEFAULT_DB_ALIAS)
        return rows.filter(pk=self.key, **{self.column: self.name}).exists()


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in a backup: its name in the storage, and its content."""

    name: str
    sha256: str
    size: int
    changed: float  # the time of its last change, in seconds


def file_columns(model: type[Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields if isinstance(field, FileField)]


def named_files(models: Iterable[type[Model]], alias: str) -> Iterator[FileOfRow]:
    """Yield the files that the rows name, and then those of the models."""
    for model in models:
        for column in file_columns(model):
            rows = model._base_manager.using(alias).order_by().exclude(**{column: ""}).values_list("pk", column)
            for key, name in rows.iterator(1000):
                yield FileOfRow(name, model, column, key)
    yield from (FileOfRow(name) for name in walk(MODELS_FOLDER) if not name.rpartition("/")[2].startswith("."))


class FileIndex:
    """The index of a backup's files. It is kept on the disk, since a million files would fill the memory."""

    EARLIER, COPIED, NAMED = range(3)  # in an earlier snapshot; in this backup as well; and named by one of its rows

    def __init__(self) -> None:
        self.rows = sqlite3.connect("", isolation_level=None)  # a temporary file
        self.rows.execute("PRAGMA synchronous=OFF")
        self.rows.execute("PRAGMA journal_mode=OFF")
        self.rows.execute("CREATE TABLE files (name PRIMARY KEY, sha256, size, changed, state) WITHOUT ROWID")
        self.rows.execute("CREATE TABLE objects (sha256 PRIMARY KEY) WITHOUT ROWID")

    def add(self, file: StoredFile, state: int) -> None:
        values = (file.name, file.sha256, file.size, file.changed, state)
        self.rows.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", values)
        self.rows.execute("INSERT OR IGNORE INTO objects VALUES (?)", [file.sha256])

    def clear(self) -> None:
        self.rows.execute("DELETE FROM files")
        self.rows.execute("DELETE FROM objects")

    def find(self, name: str) -> StoredFile | None:
        row = self.rows.execute("SELECT name, sha256, size, changed FROM files WHERE name = ?", [name]).fetchone()
        return StoredFile(*row) if row else None

    def name_copied(self, name: str) -> bool:
        """Note that a row names the file, and return whether this backup has copied it."""
        update = "UPDATE files SET state = ? WHERE name = ? AND state >= ?"
        return self.rows.execute(update, [self.NAMED, name, self.COPIED]).rowcount > 0

    def forget_names(self) -> None:
        self.rows.execute("UPDATE files SET state = ? WHERE state = ?", [self.COPIED, self.NAMED])

    def named_files(self) -> Iterator[StoredFile]:
        query = "SELECT name, sha256, size, changed FROM files WHERE state = ? ORDER BY name"
        for row in self.rows.execute(query, [self.NAMED]):
            yield StoredFile(*row)

    def has_object(self, sha256: str) -> bool:
        return self.rows.execute("SELECT 1 FROM objects WHERE sha256 = ?", [sha256]).fetchone() is not None

    def close(self) -> None:
        self.rows.close()


@dataclass
class Copier:
    """Copies files from the storage into a backup, each content once."""

    target: Target
    index: FileIndex
    new_files: int = 0
    new_bytes: int = 0

    def copy(self, name: str) -> StoredFile | None:
        """Return the file of the backup, which is read again only if it has changed; None if it does not exist."""
        try:
            size, time = size_and_time(default_storage, name)
            changed = time.timestamp()
            known = self.index.find(name)
            if known and (known.size, known.changed) == (size, changed):
                file = known
            else:
                with hashed_copy(name) as (sha256, size, content):
                    file = StoredFile(name, sha256, size, changed)
                    self._keep(file, content)
        except FileNotFoundError:
            return None
        self.index.add(file, FileIndex.COPIED)
        return file

    def _keep(self, file: StoredFile, content: IO[bytes]) -> None:
        name = object_name(file.sha256)
        if self.index.has_object(file.sha256):
            return
        # An object of an interrupted backup is compared with its name: a crash of the machine may have damaged it.
        if self.target.find_size(name) == file.size and digest_of(self.target, name) == file.sha256:
            return
        with self.target.write(name) as copy:
            while piece := content.read(CHUNK_BYTES):
                copy.write(piece)
        self.new_files += 1
        self.new_bytes += file.size


@contextmanager
def hashed_copy(name: str) -> Iterator[tuple[str, int, IO[bytes]]]:
    """Yield the SHA-256 and the size of a file in the storage, and a copy of it."""
    digest, size = hashlib.sha256(), 0
    with default_storage.open(name) as source, tempfile.SpooledTemporaryFile(SPOOLED_BYTES) as copy:
        while piece := source.read(CHUNK_BYTES):
            digest.update(piece)
            size += len(piece)
            copy.write(piece)
        copy.seek(0)
        yield digest.hexdigest(), size, copy


def digest_of(place: Any, name: str) -> str:
    """Return the SHA-256 of a file of a place; an empty string if it does not exist or cannot be read."""
    digest = hashlib.sha256()
    with suppress(OSError, EOFError, zipfile.BadZipFile), place.open(name) as file:
        while piece := file.read(CHUNK_BYTES):
            digest.update(piece)
        return digest.hexdigest()
    return ""
