"""Installations beside the tests' own: each has its database and its folder of files, and runs the real commands."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from recognizer.services.backups.manifest import Snapshot, find_snapshot
from recognizer.services.backups.places import open_place
from recognizer.services.backups.tables import read_lines
from tests.servers.postgres import Postgres
from tests.surroundings import ROOT

Contents = dict[str, list[str]]


class Installation:
    """An installation that is empty at first."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.media = folder / "media"
        self.environment = os.environ | {
            "DATABASE_URL": database_url,
            "MEDIA_ROOT": str(self.media),
            "MODEL_CACHE_ROOT": str(folder / "models"),
        }

    def start(self, *arguments: str | Path) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "manage.py", *map(str, arguments)],
            cwd=ROOT,
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

    def query(self, expression: str) -> str:
        """Return the value of an expression over the models of this installation."""
        lines = (
            "from recognizer.models import *\n"
            "from django.contrib.auth.models import User\n"
            "from django.db import connection\n"
            "from django.db.migrations.recorder import MigrationRecorder\n"
            f"print('=>', {expression})"
        )
        output = self.run("shell", "--no-imports", "--command", lines)
        return next(line.removeprefix("=> ") for line in output.splitlines() if line.startswith("=> "))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def empty_sqlite(tmp_path: Path, static_files: None) -> Installation:
    folder = tmp_path / "sqlite"
    folder.mkdir()
    return Installation(folder, f"sqlite:///{folder / 'db.sqlite3'}")


@pytest.fixture
def empty_postgres(tmp_path: Path, postgres: Postgres, static_files: None) -> Installation:
    import psycopg

    with psycopg.connect(postgres.url, autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS restored")
        admin.execute("CREATE DATABASE restored")
    folder = tmp_path / "postgres"
    folder.mkdir()
    return Installation(folder, postgres.url.rpartition("/")[0] + "/restored")


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
