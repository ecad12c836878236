"""The drill of docs/deployment.md: a backup taken while pictures keep coming in, and what can be restored from it."""

import hashlib
import os
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Iterable
from pathlib import Path

import httpx
import psycopg
import pytest
from django.db import connection

from tests import surroundings
from tests.pictures import varied_pngs
from tests.servers.postgres import binaries
from tests.servers.process import wait_until
from tests.servers.web import WebServer

pytestmark = [pytest.mark.processes, pytest.mark.slow]

FILES = "SELECT original, sha256 FROM recognizer_upload"


class Givers:
    """Two programs that send picture after picture until they are told to stop."""

    def __init__(self, server: WebServer, headers: dict[str, str]) -> None:
        self.url, self.headers = f"{server.url}/api/v1/predictions/", headers
        self.given = 0
        self.is_over = threading.Event()
        self.threads = [threading.Thread(target=self.give, args=[size]) for size in (180, 200)]
        for thread in self.threads:
            thread.start()

    def give(self, size: int) -> None:
        for picture in varied_pngs(1000, size=size):
            if self.is_over.is_set():
                return
            answer = httpx.post(self.url, files={"image": picture}, headers=self.headers, timeout=60)
            assert answer.status_code == 201
            self.given += 1

    def stop(self) -> None:
        self.is_over.set()
        for thread in self.threads:
            thread.join()


def test_every_row_of_a_backup_taken_meanwhile_has_its_file(
    server: WebServer, alice_token: dict[str, str], tmp_path: Path
):
    givers = Givers(server, alice_token)
    try:
        wait_until(lambda: givers.given >= 5, seconds=60, what="pictures coming in")
        dump = dump_sqlite(tmp_path) if connection.vendor == "sqlite" else dump_postgres(tmp_path)
        shutil.copytree(surroundings.MEDIA, tmp_path / "media")
        before = givers.given
        wait_until(lambda: givers.given > before, seconds=60, what="pictures coming in still")
    finally:
        givers.stop()

    rows = list(rows_of_sqlite(dump) if connection.vendor == "sqlite" else rows_of_postgres(dump))
    assert len(rows) >= 5
    for original, sha256 in rows:
        assert hashlib.sha256((tmp_path / "media" / original).read_bytes()).hexdigest() == sha256


def dump_sqlite(folder: Path) -> Path:
    dump = folder / "backup.sqlite3"
    sqlite3.connect(connection.settings_dict["NAME"]).execute(f"VACUUM INTO '{dump}'")
    return dump


def rows_of_sqlite(dump: Path) -> Iterable[tuple[str, str]]:
    restored = sqlite3.connect(dump)
    assert restored.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return restored.execute(FILES)


def url_of(database: str) -> str:
    return f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{database}"


def dump_postgres(folder: Path) -> Path:
    dump = folder / "backup.dump"
    run("pg_dump", "--format=custom", f"--file={dump}", url_of(connection.settings_dict["NAME"]))
    return dump


def rows_of_postgres(dump: Path) -> Iterable[tuple[str, str]]:
    with psycopg.connect(url_of("postgres"), autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS restored")
        admin.execute("CREATE DATABASE restored")
    run("pg_restore", f"--dbname={url_of('restored')}", str(dump))
    with psycopg.connect(url_of("restored")) as restored:
        return restored.execute(FILES).fetchall()


def run(program: str, *arguments: str) -> None:
    subprocess.run([binaries() / program, *arguments], check=True, capture_output=True)
