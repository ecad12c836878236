"""The manifest of a snapshot: what it contains, with the number of rows and the SHA-256 of every part."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import IO, Any, cast

from recognizer.services.backups.errors import BackupError
from recognizer.services.backups.files import StoredFile
from recognizer.services.backups.place import MANIFEST, Place, Target
from recognizer.services.backups.tables import Output, read_lines

FORMAT = 1
FILES = "files.jsonl.gz"


@dataclass(frozen=True)
class Part:
    """A file of a snapshot with lines: how many, and its SHA-256."""

    lines: int
    sha256: str
    file_columns: list[str] = field(default_factory=list)  # of a table: those that name files


@dataclass(frozen=True)
class Manifest:
    name: str
    created_at: str
    release: str
    database: str  # the kind that it was taken from
    migrations: list[tuple[str, str]]
    tables: dict[str, Part]
    counters: dict[str, int]
    files: Part
    file_bytes: int
    lost: list[str]  # files that rows name and that did not exist when the backup was taken

    @property
    def rows(self) -> int:
        return sum(table.lines for table in self.tables.values())

    @property
    def time(self) -> datetime:
        return datetime.fromisoformat(self.created_at)


@dataclass(frozen=True)
class Snapshot:
    """A snapshot of a place, finished or not."""

    place: Place
    folder: str

    def open_table(self, table: str) -> IO[bytes]:
        return self.place.open(self.path(table_part(table)))

    def path(self, part: str) -> str:
        return f"{self.folder}/{part}"

    def read_files(self) -> Iterator[StoredFile]:
        with self.place.open(self.path(FILES)) as file:
            for line in read_lines(file):
                yield StoredFile(*line)

    def read_manifest(self) -> Manifest:
        try:
            with self.place.open(self.path(MANIFEST)) as file:
                document = json.load(file)
            content = document["manifest"]
            if document["sha256"] != _digest(content):
                raise ValueError("its content has changed")
            if content.pop("format") != FORMAT:
                raise BackupError(f"{self.folder} was written by a newer release. Install that release.")
            tables = {name: Part(**part) for name, part in content.pop("tables").items()}
            migrations = [cast(tuple[str, str], tuple(name)) for name in content.pop("migrations")]
            return Manifest(tables=tables, files=Part(**content.pop("files")), migrations=migrations, **content)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BackupError(f"The manifest of {self.folder} cannot be read: {error}.") from error


def find_snapshot(place: Place, name: str | None = None) -> Snapshot:
    """Return the snapshot of this name, or the newest one."""
    names = place.list_snapshots()
    if not names:
        raise BackupError("There is no complete backup.")
    if name and name not in names:
        raise BackupError(f"There is no backup {name}. There are: {', '.join(names)}.")
    return Snapshot(place, f"snapshots/{name or names[-1]}")


def table_part(table: str) -> str:
    return f"tables/{table}.jsonl.gz"


def write_manifest(target: Target, manifest: Manifest) -> None:
    content = {"format": FORMAT, **asdict(manifest)}
    document = {"manifest": content, "sha256": _digest(content)}
    with target.write(f"{target.folder}/{MANIFEST}") as file:
        file.write(json.dumps(document, indent=1).encode())


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


class HashingFile:
    """A file that is written, and its SHA-256."""

    def __init__(self, file: Output) -> None:
        self.file = file
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        self.file.write(data)
        return len(data)

    def flush(self) -> None:
        """Do nothing: the file is flushed when it is closed."""


@contextmanager
def write_part(target: Target, name: str) -> Iterator[HashingFile]:
    with target.write(f"{target.folder}/{name}") as file:
        yield HashingFile(file)
