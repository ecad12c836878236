"""Rows found and written by statements that are composed once: Django composes its SQL anew for every query, which
takes several times as long as running it. For what every request of a program comes by."""

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeAlias, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Field, Model

Row = TypeVar("Row", bound=Model)
AnyField: TypeAlias = "Field[Any, Any]"


def find(model: type[Row], **key: Any) -> Row | None:
    """The row whose one unique field has this value."""
    ((name, value),) = key.items()
    database = connections[DEFAULT_DB_ALIAS]
    statement, field, attributes, converters = selection(model, name)
    with database.cursor() as cursor:
        cursor.execute(statement, [field.get_db_prep_value(value, database)])
        found = cursor.fetchone()
    if found is None:
        return None
    values = list(found)
    for index, convert, expression in converters:
        values[index] = convert(values[index], expression, database)
    return model.from_db(DEFAULT_DB_ALIAS, attributes, values)


def insert(rows: Sequence[Model]) -> None:
    """New rows of one model, without signals. Call it inside a transaction."""
    if not rows:
        return
    database = connections[DEFAULT_DB_ALIAS]
    statement, fields = insertion(type(rows[0]))
    values = [[field.get_db_prep_save(field.pre_save(row, True), database) for field in fields] for row in rows]
    with database.cursor() as cursor:
        cursor.executemany(statement, values)
    for row in rows:
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


@cache
def selection(model: type[Model], name: str) -> tuple[str, AnyField, list[str], list[tuple[int, Any, Any]]]:
    """The statement, the field it asks for, the attributes that its columns become, and what makes their values
    Python's."""
    database, fields = connections[DEFAULT_DB_ALIAS], model._meta.concrete_fields
    key = next(field for field in fields if field.name == name)
    converters = [
        (index, convert, field.cached_col)
        for index, field in enumerate(fields)
        for convert in database.ops.get_db_converters(field.cached_col) + field.get_db_converters(database)
    ]
    statement = f"SELECT {names(fields)} FROM {table(model)} WHERE {names([key])} = %s"  # noqa: S608
    return statement, key, [field.attname for field in fields], converters


@cache
def insertion(model: type[Model]) -> tuple[str, Sequence[AnyField]]:
    fields = model._meta.concrete_fields
    places = ", ".join(["%s"] * len(fields))
    return f"INSERT INTO {table(model)} ({names(fields)}) VALUES ({places})", fields  # noqa: S608


def table(model: type[Model]) -> str:
    return connections[DEFAULT_DB_ALIAS].ops.quote_name(model._meta.db_table)


def names(fields: Sequence[AnyField]) -> str:
    return ", ".join(connections[DEFAULT_DB_ALIAS].ops.quote_name(str(field.column)) for field in fields)
