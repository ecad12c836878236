"""Installations beside the tests' own: each has its database and its folder of files, and runs the real commands."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection

from recognizer.services.backups.manifest import Snapshot, find_snapshot
from recognizer.services.backups.places import open_place
from recognizer.services.backups.tables import read_lines
from tests import surroundings
from tests.database import copy_migrated
from tests.servers.postgres import Postgres

Contents = dict[str, list[str]]


class Installation:
    """An installation that is empty at first."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.url = database_url
        self.media = folder / "media"
        self.environment = os.environ | {
            "DATABASE_URL": database_url,
            "MEDIA_ROOT": str(self.media),
            "MODEL_CACHE_ROOT": str(folder / "models"),
        }

    def start(self, *arguments: str | Path) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "manage.py", *map(str, arguments)],
            cwd=surroundings.ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str | Path) -> str:
        """Run a command and return its output. It must succeed."""
        process = self.start(*arguments)
        output, _ = process.communicate()
        assert process.returncode == 0, output
        return output

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Execute a statement in the database of this installation, and return its rows."""
        if self.url.startswith("sqlite"):
            with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"))) as database, database:
                return database.execute(statement).fetchall()
        with psycopg.connect(self.url) as database:
            cursor = database.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def add_account(self, name: str) -> None:
        """Add a superuser, whose columns are the same in all releases."""
        self.query(
            "INSERT INTO auth_user (username, password, first_name, last_name, email, date_joined, is_superuser,"
            f" is_staff, is_active) VALUES ('{name}', '', '', '', '', '2026-11-20 00:00:00+00:00', TRUE, TRUE, TRUE)"
        )


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Return the start of the addresses of databases on a PostgreSQL."""
    if surroundings.ENGINE == "postgres":
        yield os.environ["DATABASE_URL"].rpartition("/")[0]
        return
    server = Postgres()
    server.start()
    yield server.url.rpartition("/")[0]
    server.stop()


@pytest.fixture
def empty_sqlite(tmp_path: Path, static_files: None) -> Installation:
    folder = tmp_path / "sqlite"
    folder.mkdir()
    return Installation(folder, f"sqlite:///{folder / 'db.sqlite3'}")


@pytest.fixture
def empty_postgres(tmp_path: Path, postgres_server: str, static_files: None) -> Installation:
    name = f"restored_{surroundings.FOLDER.name[-8:]}"
    with psycopg.connect(f"{postgres_server}/postgres", autocommit=True) as admin:
        admin.execute(f'DROP DATABASE IF EXISTS "{name}"')
        admin.execute(f'CREATE DATABASE "{name}"')
    folder = tmp_path / "postgres"
    folder.mkdir()
    return Installation(folder, f"{postgres_server}/{name}")


@pytest.fixture
def empty_alike(request: pytest.FixtureRequest, db: None) -> Installation:
    """Return an installation on a database like the tests' own."""
    alike = {"sqlite": "empty_sqlite", "postgresql": "empty_postgres"}
    installation: Installation = request.getfixturevalue(alike[connection.vendor])
    return installation


@pytest.fixture
def migrated(tmp_path: Path, static_files: None, db: None) -> Installation:
    """Return an installation with empty tables, on a database like the tests' own: to migrate takes seconds."""
    folder = tmp_path / "migrated"
    folder.mkdir()
    if connection.vendor == "sqlite":
        return Installation(folder, f"sqlite:///{copy_migrated(str(folder / 'db.sqlite3'))}")
    server = os.environ["DATABASE_URL"].rpartition("/")[0]
    return Installation(folder, f"{server}/{copy_migrated(f'restored_{surroundings.FOLDER.name[-8:]}')}")


def newest(place: Path) -> Snapshot:
    with open_place(place) as opened:
        return find_snapshot(opened)


def contents(place: Path) -> Contents:
    """Return the rows of every table of the newest backup, and its files, in an order that no database decides."""
    with open_place(place) as opened:
        snapshot = find_snapshot(opened)
        found = {"files": sorted(f"{file.name} {file.sha256} {file.size}" for file in snapshot.read_files())}
        for table in snapshot.read_manifest().tables:
            with snapshot.open_table(table) as file:
                # PostgreSQL keeps the keys of JSON in an order of its own.
                found[table] = sorted(json.dumps(line, sort_keys=True) for line in read_lines(file))
    return found
