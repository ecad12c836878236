"""Operations of migrations that leave PostgreSQL's tables readable while a million rows are checked."""

from collections.abc import Sequence
from typing import Any

from django.db import migrations
from django.db.migrations.operations.base import Operation


class AddConstraintWithoutScan(migrations.AddConstraint):
    """A constraint that PostgreSQL adds without reading the table; a later migration validates it.

    Adding and validating at once would lock out all readers while every row is read.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        statement = self.constraint.create_sql(model, schema_editor)
        schema_editor.execute(f"{statement} NOT VALID", params=None)


class AddIndexConcurrently(migrations.AddIndex):
    """An index that PostgreSQL builds while rows are read and written. Its migration must not be atomic.

    Django's operation of this name works on PostgreSQL alone. This one can be repeated after an interruption.
    """

    atomic = False

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        drop_index(schema_editor, self.index.name)
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.add_index(model, self.index, concurrently=True)
        else:
            schema_editor.add_index(model, self.index)


def drop_index(schema_editor: Any, name: str) -> None:
    """Drop an index if it exists. On PostgreSQL nobody waits for it."""
    concurrently = "CONCURRENTLY " if schema_editor.connection.vendor == "postgresql" else ""
    schema_editor.execute(f"DROP INDEX {concurrently}IF EXISTS {schema_editor.quote_name(name)}", params=None)


class RemoveIndexConcurrently(migrations.RemoveIndex):
    """An index that PostgreSQL drops while rows are read and written. Its migration must not be atomic."""

    atomic = False

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        drop_index(schema_editor, self.name)


class RemoveFieldIndex(migrations.AlterField):
    """The removal of the index that a foreign key has by itself. Django would copy the whole table on SQLite."""

    atomic = False

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for name in self.index_names(schema_editor, from_state.apps.get_model(app_label, self.model_name)):
            drop_index(schema_editor, name)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if not self.index_names(schema_editor, model):
            schema_editor.execute(schema_editor._create_index_sql(model, fields=[model._meta.get_field(self.name)]))

    def index_names(self, schema_editor: Any, model: Any) -> list[str]:
        """Return the names of the plain indexes of the column alone."""
        column = model._meta.get_field(self.name).column
        with schema_editor.connection.cursor() as cursor:
            found = schema_editor.connection.introspection.get_constraints(cursor, model._meta.db_table)
        return [
            name for name, each in found.items() if each["index"] and not each["unique"] and each["columns"] == [column]
        ]


class AllowNull(migrations.AlterField):
    """A foreign key that may be empty from now on. Django would make its constraint anew on PostgreSQL, and writers of
    both tables would wait while all rows are read.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        table, column = map(schema_editor.quote_name, (model._meta.db_table, model._meta.get_field(self.name).column))
        schema_editor.execute(f"ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL", params=None)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        super().database_forwards(app_label, schema_editor, from_state, to_state)


class ApplyTogether(migrations.SeparateDatabaseAndState):
    """Changes of tables whose SQL is composed first and then executed at once on PostgreSQL.

    Readers wait from the first change to the end of the transaction. Composing takes a hundred times as long.
    """

    def __init__(self, operations: Sequence[Operation]) -> None:
        super().__init__(database_operations=operations, state_operations=operations)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        with schema_editor.connection.schema_editor(collect_sql=True, atomic=False) as collector:
            super().database_forwards(app_label, collector, from_state, to_state)
        for statement in collector.collected_sql:
            schema_editor.execute(statement, params=None)


def validate_constraint(table: str, name: str) -> migrations.RunPython:
    """Return an operation that lets PostgreSQL check the existing rows. They are read and written in the meantime."""

    def validate(apps: Any, schema_editor: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")

    return migrations.RunPython(validate, migrations.RunPython.noop)
