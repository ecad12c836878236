"""The tables of a database at a state of its migrations, which may be older than this release."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model

from recognizer.services.backups.errors import BackupError

Migration = tuple[str, str]  # app and name

# A session that was ended since would be valid again after a restore, and its key opens an account.
LEFT_OUT = {"django_session"}


@dataclass(frozen=True)
class Schema:
    """The migrations that were applied, and the models of the tables that they made."""

    migrations: tuple[Migration, ...]
    last: tuple[Migration, ...]  # those on which no other of them depends
    models: tuple[type[Model], ...]


def applied_migrations(alias: str) -> set[Migration]:
    return set(MigrationRecorder(connections[alias]).applied_migrations())


def applied_schema(alias: str) -> Schema:
    """Return the schema of a database."""
    applied = applied_migrations(alias)
    if not applied:
        raise BackupError("The database has no tables yet. Run `manage.py prepare`.")
    return schema_of(applied, loader=MigrationLoader(connections[alias]))


def schema_of(migrations: Iterable[Migration], *, loader: MigrationLoader | None = None) -> Schema:
    """Return the schema after these migrations. Raise BackupError if this release does not know one of them."""
    loader = loader or MigrationLoader(None)
    names = set(migrations)
    unknown = sorted(names - set(loader.graph.nodes))
    if unknown:
        raise BackupError(
            f"The rows are of a newer release: this one does not know the migration {'.'.join(unknown[0])}. "
            "Install that release."
        )
    last = tuple(sorted(name for name in names if not names & {child.key for child in _children(loader, name)}))
    state = loader.graph.make_state(nodes=list(last), at_end=True, real_apps=loader.unmigrated_apps)
    models = (model for model in state.apps.get_models(include_auto_created=True) if not model._meta.proxy)
    stored = (model for model in models if model._meta.managed and model._meta.db_table not in LEFT_OUT)
    return Schema(tuple(sorted(names)), last, tuple(sorted(stored, key=lambda model: model._meta.db_table)))


def _children(loader: MigrationLoader, name: Migration) -> Collection[Any]:
    children: Collection[Any] = loader.graph.node_map[name].children
    return children


def migrate_to(schema: Schema, alias: str) -> None:
    """Apply the migrations of the schema that are missing, in a database without rows. It must not have others."""
    applied = applied_migrations(alias)
    further = sorted(applied - set(schema.migrations))
    if further:
        raise BackupError(
            f"The database was prepared for a newer release (migration {'.'.join(further[0])}). Create an empty one."
        )
    if applied != set(schema.migrations):
        _remove_tables(schema, alias)
        MigrationExecutor(connections[alias]).migrate(list(schema.last))


def _remove_tables(schema: Schema, alias: str) -> None:
    """Remove tables that a killed restore left: Django records a migration only after its tables are there."""
    connection = connections[alias]
    names = {model._meta.db_table for model in schema.models} | LEFT_OUT
    names.add(MigrationRecorder.Migration._meta.db_table)
    with connection.schema_editor() as editor:
        for name in sorted(names.intersection(connection.introspection.table_names())):
            editor.execute(editor.sql_delete_table % {"table": connection.ops.quote_name(name)})
