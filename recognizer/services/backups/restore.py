"""Restoring a backup into an empty installation, whichever of the two databases it was taken from.

Files are written first, then all rows in one transaction. A killed restore therefore leaves an empty database, and is
repeated. `manage.py prepare` then applies the migrations that are newer than the backup.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import DEFAULT_DB_ALIAS, IntegrityError, connection, transaction

from mlcore.atomic_files import sync_once
from recognizer.services.backups.errors import BackupError
from recognizer.services.backups.files import StoredFile, hashed_copy
from recognizer.services.backups.manifest import Manifest, Snapshot, find_snapshot
from recognizer.services.backups.place import object_name
from recognizer.services.backups.places import Address, open_place
from recognizer.services.backups.schema import Schema, applied_migrations, applied_schema, migrate_to, schema_of
from recognizer.services.backups.tables import count_rows, load_table, set_counters
from recognizer.services.backups.verify import find_faults

# Django fills these tables when it migrates; the rows of the backup replace them.
FILLED_BY_DJANGO = {"auth_permission", "django_content_type"}
WRITERS = 4  # most of the time each waits for the disk
CHUNK_SIZE = 1000

Report = Callable[[str], None]


def restore_backup(address: Address, *, name: str | None = None, report: Report = lambda line: None) -> Manifest:
    """Restore a backup, the newest of a folder or a bucket by default, and return its manifest."""
    with open_place(address) as place:
        snapshot = find_snapshot(place, name)
        report("Verifying the backup …")
        faults = list(islice(find_faults(snapshot, reads_objects=True), 3))
        if faults:
            raise BackupError(f"The backup is damaged: {' '.join(faults)}")
        manifest = snapshot.read_manifest()
        schema = schema_of(manifest.migrations)
        require_empty_database(schema)
        report("Preparing the tables …")
        migrate_to(schema, DEFAULT_DB_ALIAS)
        report(f"Writing {manifest.files.lines} files …")
        _write_files(snapshot)
        report(f"Writing {manifest.rows} rows …")
        _load_rows(snapshot, manifest, schema)
    return manifest


def require_empty_database(schema: Schema) -> None:
    """Raise BackupError if there is a row that a restore of this schema would lose."""
    models = {model._meta.db_table: model for model in schema.models}
    if applied_migrations(DEFAULT_DB_ALIAS):
        models |= {model._meta.db_table: model for model in applied_schema(DEFAULT_DB_ALIAS).models}
    present = set(connection.introspection.table_names()) - FILLED_BY_DJANGO
    for table in sorted(present & set(models)):
        if models[table]._base_manager.exists():
            raise BackupError(
                f"This installation is not empty: {table} has rows. Restore into a new database, before "
                "`manage.py prepare`."
            )


def _write_files(snapshot: Snapshot) -> None:
    def write(file: StoredFile) -> None:
        if default_storage.exists(file.name) and _stored_digest(file.name) == file.sha256:
            return  # by a restore that was interrupted
        with snapshot.place.open(object_name(file.sha256)) as content:
            default_storage.save(file.name, File(content))
        if _stored_digest(file.name) != file.sha256:
            raise BackupError(f"{file.name} was not written correctly.")

    files = snapshot.read_files()
    # Rows are written afterwards. A file that a crash of the machine has damaged is written again by the next restore.
    with sync_once(), ThreadPoolExecutor(WRITERS) as writers:
        while chunk := list(islice(files, CHUNK_SIZE)):
            for _done in writers.map(write, chunk):
                pass


def _stored_digest(name: str) -> str:
    with hashed_copy(name) as (sha256, _size, _content):
        return sha256


def _load_rows(snapshot: Snapshot, manifest: Manifest, schema: Schema) -> None:
    try:
        with transaction.atomic():
            for model in schema.models:
                if model._meta.db_table in FILLED_BY_DJANGO:
                    model._base_manager.all()._raw_delete(using=DEFAULT_DB_ALIAS)
            for model in schema.models:
                table = model._meta.db_table
                with snapshot.open_table(table) as file:
                    load_table(model, DEFAULT_DB_ALIAS, file)
                found, wanted = count_rows(model, DEFAULT_DB_ALIAS), manifest.tables[table].lines
                if found != wanted:
                    raise BackupError(f"{table} has {found} rows instead of {wanted}.")
            set_counters(schema.models, manifest.counters, DEFAULT_DB_ALIAS)
            connection.check_constraints()
    except IntegrityError as error:
        raise BackupError(f"The rows do not fit together: {error}") from error
