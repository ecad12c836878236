"""Verification of a backup: every part and every file is there, unchanged, and no row lacks its file."""

import sqlite3
from collections.abc import Iterator

from recognizer.services.backups.errors import BackupError, PlaceUnavailable
from recognizer.services.backups.files import digest_of
from recognizer.services.backups.manifest import FILES, Manifest, Snapshot, table_part
from recognizer.services.backups.place import object_name
from recognizer.services.backups.tables import read_lines


def find_faults(snapshot: Snapshot, *, reads_objects: bool) -> Iterator[str]:
    """Yield what is wrong with a snapshot. Reading all objects finds changed ones too, and takes longer."""
    try:
        manifest = snapshot.read_manifest()
    except PlaceUnavailable:
        raise
    except BackupError as error:
        yield str(error)
        return
    damaged = [part for part in _parts(manifest) if not _is_unchanged(snapshot, manifest, part)]
    yield from (f"{part} is damaged." for part in damaged)
    if damaged:
        return
    names = NameSet()
    try:
        yield from _faults_of_files(snapshot, names, reads_objects=reads_objects)
        yield from _faults_of_tables(snapshot, manifest, names)
    finally:
        names.close()


def _parts(manifest: Manifest) -> list[str]:
    return [FILES, *(table_part(table) for table in manifest.tables)]


def _is_unchanged(snapshot: Snapshot, manifest: Manifest, part: str) -> bool:
    wanted = {FILES: manifest.files} | {table_part(name): table for name, table in manifest.tables.items()}
    return digest_of(snapshot.place, snapshot.path(part)) == wanted[part].sha256


class NameSet:
    """The names of the files of a snapshot, on the disk, since a million would fill the memory."""

    def __init__(self) -> None:
        self.rows = sqlite3.connect("", isolation_level=None)
        self.rows.execute("PRAGMA synchronous=OFF")
        self.rows.execute("PRAGMA journal_mode=OFF")
        self.rows.execute("CREATE TABLE names (name PRIMARY KEY) WITHOUT ROWID")

    def add(self, name: str) -> None:
        self.rows.execute("INSERT OR IGNORE INTO names VALUES (?)", [name])

    def __contains__(self, name: str) -> bool:
        return self.rows.execute("SELECT 1 FROM names WHERE name = ?", [name]).fetchone() is not None

    def close(self) -> None:
        self.rows.close()


def _faults_of_files(snapshot: Snapshot, names: NameSet, *, reads_objects: bool) -> Iterator[str]:
    for file in snapshot.read_files():
        names.add(file.name)
        content = object_name(file.sha256)
        size = snapshot.place.find_size(content)
        if size is None:
            yield f"{file.name} is missing."
        elif size != file.size or (reads_objects and digest_of(snapshot.place, content) != file.sha256):
            yield f"{file.name} is damaged."


def _faults_of_tables(snapshot: Snapshot, manifest: Manifest, names: NameSet) -> Iterator[str]:
    lost = set(manifest.lost)
    for table, part in manifest.tables.items():
        with snapshot.open_table(table) as file:
            lines = read_lines(file)
            columns = next(lines)
            places = [columns.index(column) for column in part.file_columns]
            count = 0
            for row in lines:
                count += 1
                for name in (row[place] for place in places):
                    if name and name not in names and name not in lost:
                        yield f"{name} is named by a row of {table}, but is not in the backup."
        if count != part.lines:
            yield f"{table} has {count} rows instead of {part.lines}."
