"""Tests of the backup in docs/deployment.md, taken while pictures are uploaded."""

import hashlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

import httpx
import psycopg
import pytest
from django.db import connection
from django.db.backends.sqlite3._functions import register

from tests import surroundings
from tests.pictures import varied_pngs
from tests.servers.postgres import binaries
from tests.servers.process import wait_until
from tests.servers.web import WebServer

pytestmark = [pytest.mark.processes, pytest.mark.slow]

PAGE = (surroundings.ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
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


class Installation:
    """A folder with the source and the `.env` of an installation, in which the lines of the page are run."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        folder.mkdir()
        for name in ("manage.py", "config", "recognizer", "mlcore"):
            (folder / name).symlink_to(surroundings.ROOT / name)
        (folder / ".venv").symlink_to(sys.prefix)
        (folder / ".env").write_text(f"DATABASE_URL={database_url}\n")

    def run(self, block: str) -> None:
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        environment["ENV_FILE"] = str(self.folder / ".env")
        environment["PATH"] = f"{binaries()}:{environment['PATH']}"
        lines = block.replace("/srv/digitscribe/media/", f"{surroundings.MEDIA}/")
        subprocess.run(["sh", "-ec", lines], cwd=self.folder, env=environment, check=True)


def documented_block(command: str) -> str:
    """Return the lines of the page's section on backups that contain the command."""
    section = PAGE[PAGE.index("## Backup and restore") : PAGE.index("## Maintenance")]
    (block,) = (block for block in re.findall(r"```sh\n(.*?)```", section, re.DOTALL) if command in block)
    return block


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    url = url_of(connection.settings_dict["NAME"])
    return Installation(tmp_path / "app", url)


def test_every_row_of_the_backup_has_its_file(
    server: WebServer, alice_token: dict[str, str], installation: Installation
):
    uploaders = Uploaders(server, alice_token)
    back_up_database = documented_block("VACUUM INTO" if connection.vendor == "sqlite" else "pg_dump")
    try:
        installation.run(back_up_database)
        wait_until(lambda: uploaders.count >= 5, seconds=60, what="the first pictures")
        installation.run(back_up_database)  # replaces the first backup
        copy_media(installation)
        before = uploaders.count
        wait_until(lambda: uploaders.count > before, seconds=60, what="another picture")
    finally:
        uploaders.stop()

    folder = installation.folder
    rows = list(rows_of_sqlite(folder) if connection.vendor == "sqlite" else rows_of_postgres(folder))
    assert len(rows) >= 5
    for original, sha256 in rows:
        assert hashlib.sha256((folder / "backup" / "media" / original).read_bytes()).hexdigest() == sha256
    backups = [path for path in folder.iterdir() if path.name in ("backup.sqlite3", "digitscribe.dump")]
    assert [path.stat().st_mode & 0o777 for path in backups] == [0o600]


def copy_media(installation: Installation) -> None:
    if shutil.which("rsync"):
        installation.run(documented_block("rsync"))
    else:
        shutil.copytree(surroundings.MEDIA, installation.folder / "backup" / "media")


def rows_of_sqlite(folder: Path) -> Iterable[tuple[str, str]]:
    restored = sqlite3.connect(folder / "backup.sqlite3")
    register(restored)  # constraints use Django's functions
    assert restored.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return restored.execute(QUERY)


def url_of(database: str) -> str:
    server = os.environ["DATABASE_URL"].rpartition("/")[0]
    return f"sqlite:///{database}" if connection.vendor == "sqlite" else f"{server}/{database}"


def rows_of_postgres(folder: Path) -> Iterable[tuple[str, str]]:
    with psycopg.connect(url_of("postgres"), autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS restored")
        admin.execute("CREATE DATABASE restored")
    installation = Installation(folder / "restored", url_of("restored"))
    shutil.copy(folder / "digitscribe.dump", installation.folder)
    installation.run(documented_block("pg_restore"))
    with psycopg.connect(url_of("restored")) as restored:
        return restored.execute(QUERY).fetchall()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(surroundings.ENGINE != "postgres", reason="about the lines for PostgreSQL")
def test_nothing_is_dumped_without_a_database_url(installation: Installation):
    (installation.folder / ".env").write_text("")
    with pytest.raises(subprocess.CalledProcessError):
        installation.run(documented_block("pg_dump"))
    assert not (installation.folder / "digitscribe.dump").exists()
