"""Tests of the backup in docs/deployment.md, taken while pictures are uploaded."""

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

QUERY = "SELECT original, sha256 FROM recognizer_upload"


class Uploaders:
    """Two clients that upload pictures until they are stopped."""

    def __init__(self, server: WebServer, headers: dict[str, str]) -> None:
        self.url, self.headers = f"{server.url}/api/v1/predictions/", headers
        self.count = 0
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.upload_pictures, args=[size]) for size in (180, 200)]
        for thread in self.threads:
            thread.start()

    def upload_pictures(self, size: int) -> None:
        for picture in varied_pngs(1000, size=size):
            if self.stopping.is_set():
                return
            answer = httpx.post(self.url, files={"image": picture}, headers=self.headers, timeout=60)
            assert answer.status_code == 201
            self.count += 1

    def stop(self) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join()


def test_every_row_of_the_backup_has_its_file(server: WebServer, alice_token: dict[str, str], tmp_path: Path):
    uploaders = Uploaders(server, alice_token)
    try:
        wait_until(lambda: uploaders.count >= 5, seconds=60, what="the first pictures")
        dump = dump_sqlite(tmp_path) if connection.vendor == "sqlite" else dump_postgres(tmp_path)
        shutil.copytree(surroundings.MEDIA, tmp_path / "media")
        before = uploaders.count
        wait_until(lambda: uploaders.count > before, seconds=60, what="another picture")
    finally:
        uploaders.stop()

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
    return restored.execute(QUERY)


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
        return restored.execute(QUERY).fetchall()


def run(program: str, *arguments: str) -> None:
    subprocess.run([binaries() / program, *arguments], check=True, capture_output=True)
