"""Rows as lines of JSON, in the same form for SQLite and PostgreSQL.

The first line of a table names its columns, each other line holds the values of one row.
"""

import gzip
import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice
from typing import IO, Any, Protocol
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connections
from django.db.models import AutoField, JSONField, Model
from django.db.models.fields import Field

CHUNK_SIZE = 1000
COMPRESSION = 1  # the digits of the images hardly become smaller with more


class Output(Protocol):
    """A file to write, also for gzip."""

    def write(self, data: bytes, /) -> object: ...

    def flush(self) -> object: ...


def write_table(model: type[Model], alias: str, file: Output) -> int:
    """Write all rows of a table and return their number."""
    columns = [field.attname for field in model._meta.concrete_fields]
    rows = model._base_manager.using(alias).order_by().values_list(*columns)
    count = 0
    with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=COMPRESSION, mtime=0) as lines:
        lines.write(_line(columns))
        for row in rows.iterator(CHUNK_SIZE):
            lines.write(_line(row))
            count += 1
    return count


def _line(values: Any) -> bytes:
    return json.dumps(values, default=_encode, separators=(",", ":")).encode() + b"\n"


def _encode(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()  # Django's encoder would cut the microseconds
    if isinstance(value, bytes | bytearray | memoryview):
        return b64encode(value).decode()
    if isinstance(value, UUID | Decimal):
        return str(value)
    return DjangoJSONEncoder().default(value)


def read_lines(file: IO[bytes]) -> Iterator[Any]:
    """Yield the values of the lines. The first one names the columns."""
    with gzip.GzipFile(fileobj=file) as lines:
        for line in lines:
            yield json.loads(line)


def load_table(model: type[Model], alias: str, file: IO[bytes]) -> int:
    """Insert the rows that `write_table` has written, and return their number."""
    connection = connections[alias]
    lines = read_lines(file)
    fields = [_field_of(model, column) for column in next(lines)]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    statement = f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({marks})"  # noqa: S608
    count = 0
    with connection.cursor() as cursor:
        while chunk := list(islice(lines, CHUNK_SIZE)):
            cursor.executemany(
                statement,
                [
                    [_decode(field, value, connection) for field, value in zip(fields, row, strict=True)]
                    for row in chunk
                ],
            )
            count += len(chunk)
    return count


def _field_of(model: type[Model], attname: str) -> Field:
    return next(field for field in model._meta.concrete_fields if field.attname == attname)


def _decode(field: Field, value: Any, connection: Any) -> Any:
    if isinstance(field, JSONField):
        is_null = value is None and field.null
        return None if is_null else connection.ops.adapt_json_value(value, field.encoder)
    return field.get_db_prep_save(None if value is None else field.to_python(value), connection)


def count_rows(model: type[Model], alias: str) -> int:
    return model._base_manager.using(alias).count()


def read_counters(models: tuple[type[Model], ...], alias: str) -> dict[str, int]:
    """Return the last number that each table has given to a row. A restored database must not give it again."""
    connection = connections[alias]
    numbered = [model for model in models if isinstance(model._meta.pk, AutoField)]
    found = {}
    with connection.cursor() as cursor:
        for model in numbered:
            table = model._meta.db_table
            if connection.vendor == "sqlite":
                cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
                row = cursor.fetchone()
                found[table] = row[0] if row else 0
            else:
                cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", _sequence_of(model, connection))
                cursor.execute(f"SELECT last_value, is_called FROM {cursor.fetchone()[0]}")  # noqa: S608
                last, is_called = cursor.fetchone()
                found[table] = last if is_called else 0
    return found


def set_counters(models: tuple[type[Model], ...], counters: dict[str, int], alias: str) -> None:
    """Let each table continue to count where it was."""
    connection = connections[alias]
    by_table = {model._meta.db_table: model for model in models}
    with connection.cursor() as cursor:
        for table, last in counters.items():
            if not last:
                continue
            if connection.vendor == "sqlite":
                cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table])
                cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, last])
            else:
                cursor.execute(
                    "SELECT setval(pg_get_serial_sequence(%s, %s), %s)",
                    [*_sequence_of(by_table[table], connection), last],
                )


def _sequence_of(model: type[Model], connection: Any) -> list[str]:
    return [connection.ops.quote_name(model._meta.db_table), str(model._meta.pk.column)]
