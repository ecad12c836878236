"""Taking a backup while the system runs: all rows as they are at one moment, and every file that they name.

The files are copied first, which may take hours. Then a transaction freezes what this process sees of the database.
Files that were added meanwhile are copied, and all rows are written. If one of these files was removed before it could
be copied, the backup starts again from the transaction, so that no row of it lacks its file. Nobody has to wait for it.
"""

import gzip
import json
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, transaction
from django.utils import timezone

from recognizer.models import Backup
from recognizer.release import RELEASE
from recognizer.services.backups.errors import BackupError
from recognizer.services.backups.files import Copier, FileIndex, file_columns, named_files
from recognizer.services.backups.manifest import (
    FILES,
    Manifest,
    Part,
    Snapshot,
    find_snapshot,
    table_part,
    write_manifest,
    write_part,
)
from recognizer.services.backups.place import Target
from recognizer.services.backups.places import Address, open_target
from recognizer.services.backups.schema import Schema, applied_migrations, applied_schema
from recognizer.services.backups.tables import COMPRESSION, read_counters, write_table
from recognizer.services.backups.verify import find_faults

FROZEN = "frozen"  # alias of the connection
MAX_ATTEMPTS = 10

Report = Callable[[str], None]


class FileVanished(Exception):
    """A file was removed together with its row after the transaction had begun."""


@dataclass(frozen=True)
class BackupResult:
    manifest: Manifest
    new_files: int
    new_bytes: int
    seconds: float


def take_backup(address: Address, *, report: Report = lambda line: None) -> BackupResult:
    """Take a backup into a folder, a ZIP file or a bucket, and verify it."""
    started = time.monotonic()
    schema = applied_schema(DEFAULT_DB_ALIAS)
    name = timezone.now().strftime("%Y-%m-%dT%H%M%S.%fZ")
    with open_target(address, name) as target:
        index = FileIndex()
        try:
            _load_earlier_files(target, index, report)
            copier = Copier(target, index)
            report("Copying the files …")
            for file in named_files(schema.models, DEFAULT_DB_ALIAS):
                copier.copy(file.name)
            report("Writing the rows …")
            manifest = _write_snapshot(target, name, copier, schema)
        finally:
            index.close()
        target.close()
        report("Verifying …")
        faults = list(find_faults(Snapshot(target, target.folder), reads_objects=False))
        if faults:
            raise BackupError(f"The backup is not complete: {faults[0]}")
        target.commit()
    result = BackupResult(manifest, copier.new_files, copier.new_bytes, time.monotonic() - started)
    _record(address, result)
    return result


def _load_earlier_files(target: Target, index: FileIndex, report: Report) -> None:
    """Remember the files of the newest snapshot, so that those that have not changed are not read again."""
    if not target.list_snapshots():
        return
    try:
        for file in find_snapshot(target).read_files():
            index.add(file, FileIndex.EARLIER)
    except (EOFError, zlib.error) as error:  # an OSError may also mean that the folder needs a key
        index.clear()
        report(f"The newest backup is damaged, so all files are read again: {error}")


def _write_snapshot(target: Target, name: str, copier: Copier, schema: Schema) -> Manifest:
    for _attempt in range(MAX_ATTEMPTS):
        try:
            with frozen_database() as alias:
                return _write_frozen(target, name, copier, schema, alias)
        except FileVanished:
            continue
    raise BackupError("Files are removed faster than they can be copied. Take the backup at another time.")


@contextmanager
def frozen_database() -> Iterator[str]:
    """Yield the alias of a connection to the database as it is now. Other processes read and write it meanwhile."""
    frozen = connections[DEFAULT_DB_ALIAS].copy(alias=FROZEN)
    options = dict(frozen.settings_dict["OPTIONS"])
    if frozen.vendor == "sqlite":
        options["transaction_mode"] = "DEFERRED"  # takes no lock that a writer needs
    else:
        from psycopg import IsolationLevel  # not installed where SQLite is used

        options["isolation_level"] = IsolationLevel.REPEATABLE_READ
    frozen.settings_dict["OPTIONS"] = options
    connections[FROZEN] = frozen
    try:
        with transaction.atomic(using=FROZEN):
            yield FROZEN
    finally:
        frozen.close()
        del connections[FROZEN]


def _write_frozen(target: Target, name: str, copier: Copier, schema: Schema, alias: str) -> Manifest:
    if applied_migrations(alias) != set(schema.migrations):
        raise BackupError("The database was migrated during the backup. Take it again.")
    created_at = timezone.now()
    files, file_bytes, lost = _write_files(target, copier, schema, alias)
    tables = {}
    for model in schema.models:
        table = model._meta.db_table
        with write_part(target, table_part(table)) as file:
            count = write_table(model, alias, file)
        tables[table] = Part(count, file.digest.hexdigest(), file_columns(model))
    manifest = Manifest(
        name=name,
        created_at=created_at.isoformat(),
        release=RELEASE,
        database=connections[alias].vendor,
        migrations=list(schema.migrations),
        tables=tables,
        counters=read_counters(schema.models, alias),
        files=files,
        file_bytes=file_bytes,
        lost=lost,
    )
    write_manifest(target, manifest)
    return manifest


def _write_files(target: Target, copier: Copier, schema: Schema, alias: str) -> tuple[Part, int, list[str]]:
    """Copy the files that are new, and write the list of all files.

    Where one of them is gone, the others are copied all the same: the next attempt has only what is younger than this.
    """
    # Before the list is opened: a ZIP file is written one member at a time.
    lost, vanished = [], ""
    index = copier.index
    index.forget_names()  # of an attempt before
    for file in named_files(schema.models, alias):
        if index.name_copied(file.name):
            continue
        if copier.copy(file.name):
            index.name_copied(file.name)
        elif file.model is None:
            continue  # of a model whose registration failed
        elif file.is_still_named():
            lost.append(file.name)
        else:
            vanished = file.name
    if vanished:
        raise FileVanished(vanished)
    count = total = 0
    with write_part(target, FILES) as part, gzip.GzipFile(fileobj=part, mode="wb", compresslevel=COMPRESSION) as lines:
        for stored in index.named_files():
            lines.write(json.dumps([stored.name, stored.sha256, stored.size, stored.changed]).encode() + b"\n")
            count += 1
            total += stored.size
    return Part(count, part.digest.hexdigest()), total, sorted(lost)


def _record(address: Address, result: BackupResult) -> None:
    """Save that there is a backup, for monitoring."""
    try:
        Backup.objects.create(
            place=str(address)[:500],
            snapshot=result.manifest.name,
            rows=result.manifest.rows,
            files=result.manifest.files.lines,
            bytes=result.manifest.file_bytes,
            seconds=result.seconds,
        )
    except DatabaseError:  # the backup is complete all the same
        return
