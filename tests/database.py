"""The database of a test process: a copy of one that the first process has migrated, and emptied after each test."""

import os
import shutil

import psycopg
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.test import TransactionTestCase

from tests import surroundings

# `migrate` writes these rows, and nothing of the product changes them.
KEPT = {ContentType, Permission}
MIGRATED = "migrated"  # the database that is copied


def create_database() -> None:
    """Create the database of this process and connect to it. SQLite uses a file: a database in memory has no locks, and
    other processes cannot open it."""
    own = f"tests_{surroundings.FOLDER.name[-8:]}"
    use_database(copy_migrated(str(surroundings.FOLDER / "tests.sqlite3") if connection.vendor == "sqlite" else own))


def copy_migrated(name: str) -> str:
    """Create a database of this name with migrated, empty tables, in place of an earlier one, and return the name."""
    with surroundings.alone(MIGRATED):
        template = create_template()
        if connection.vendor == "sqlite":
            shutil.copy(template, name)
        else:
            with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as admin:
                admin.execute(f'DROP DATABASE IF EXISTS "{name}"')
                admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return name


def create_template() -> str:
    """Return the name of the migrated database. It is created unless another process has done so."""
    name = str(surroundings.SHARED / f"{MIGRATED}.sqlite3") if connection.vendor == "sqlite" else MIGRATED
    stamp = surroundings.SHARED / f"{MIGRATED}.stamp"
    if not stamp.exists():
        connection.settings_dict["TEST"]["NAME"] = name
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        connection.close()
        stamp.touch()
    return name


def use_database(name: str) -> None:
    connection.close()
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name


def delete_rows(test: TransactionTestCase) -> None:
    """Delete every row that the test committed.

    Django's `flush` truncates all tables instead, and then writes content types and permissions anew.
    """
    models = set(apps.get_models(include_auto_created=True)) - KEPT
    tables = sorted(model._meta.db_table for model in models if model._meta.managed and not model._meta.proxy)
    with transaction.atomic(), connection.cursor() as cursor:  # constraints between tables are checked at its end
        for table in tables:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")


TransactionTestCase._fixture_teardown = delete_rows
