"""Tests of the backup in docs/deployment.md, taken while pictures are uploaded."""

import hashlib
import os
import re
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import psycopg
import pytest
from django.db import connection
from django.db.backends.sqlite3._functions import register

from tests import surroundings
from tests.deploy.page import PAGE
from tests.pictures import varied_pngs
from tests.servers.process import wait_until
from tests.servers.web import WebServer

pytestmark = [pytest.mark.processes, pytest.mark.slow]

PAUSE_SECONDS = 0.1
QUERY = "SELECT original, sha256 FROM recognizer_upload"


class Uploaders:
    """Two clients that upload pictures until they are stopped, with pauses that leave the processor to the backups."""

    def __init__(self, server: WebServer, headers: dict[str, str]) -> None:
        self.url, self.headers = f"{server.url}/api/v1/predictions/", headers
        self.count = 0
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.upload_pictures, args=[size]) for size in (180, 200)]
        for thread in self.threads:
            thread.start()

    def upload_pictures(self, size: int) -> None:
        for picture in varied_pngs(1000, size=size):
            if self.stopping.wait(PAUSE_SECONDS):
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

    def __init__(self, folder: Path, database_url: str, media: Path) -> None:
        self.folder, self.media = folder, media
        folder.mkdir()
        for name in ("manage.py", "config", "recognizer", "mlcore", "static", "templates"):
            (folder / name).symlink_to(surroundings.ROOT / name)
        (folder / ".venv").symlink_to(sys.prefix)
        (folder / ".env").write_text(
            f"DATABASE_URL={database_url}\nMEDIA_ROOT={media}\nSTATIC_ROOT={folder}/collected\n"
        )

    def run(self, block: str) -> str:
        names = ("DATABASE_URL", "MEDIA_ROOT", "STATIC_ROOT")
        environment = {name: value for name, value in os.environ.items() if name not in names}
        environment["ENV_FILE"] = str(self.folder / ".env")
        lines = block.replace("/srv/backups", str(self.folder.parent / "backups"))
        command = ["sh", "-ec", lines]
        return subprocess.run(
            command, cwd=self.folder, env=environment, check=True, stdout=subprocess.PIPE, text=True
        ).stdout


def documented_block(command: str) -> str:
    """Return the lines of the page's section on backups that contain the command."""
    section = PAGE[PAGE.index("## Backup and restore") : PAGE.index("## Maintenance")]
    (block,) = (block for block in re.findall(r"```sh\n(.*?)```", section, re.DOTALL) if command in block)
    return block


def test_a_backup_that_is_taken_during_uploads_is_restored_completely(
    server: WebServer, alice_token: dict[str, str], tmp_path: Path
):
    """The lines of docs/deployment.md are run; every restored row has its file."""
    installation = Installation(tmp_path / "app", url_of(connection.settings_dict["NAME"]), surroundings.MEDIA)
    (tmp_path / "backups").mkdir()
    uploaders = Uploaders(server, alice_token)
    try:
        wait_until(lambda: uploaders.count >= 5, seconds=60, what="the first pictures")
        installation.run(documented_block("digitscribe --keep-daily"))
        before = uploaders.count
        wait_until(lambda: uploaders.count > before, seconds=60, what="another picture")
        installation.run(documented_block("digitscribe --keep-daily"))
    finally:
        uploaders.stop()
    assert "complete" in installation.run(documented_block("verify_backup"))

    restored = Installation(tmp_path / "restored", new_database(tmp_path), tmp_path / "media")
    restored.run(documented_block("manage.py restore"))
    rows = list(rows_of(restored, tmp_path))
    assert before <= len(rows) <= uploaders.count
    for original, sha256 in rows:
        assert hashlib.sha256((restored.media / original).read_bytes()).hexdigest() == sha256


def url_of(database: str) -> str:
    server = os.environ["DATABASE_URL"].rpartition("/")[0]
    return f"sqlite:///{database}" if connection.vendor == "sqlite" else f"{server}/{database}"


def new_database(folder: Path) -> str:
    if connection.vendor == "sqlite":
        return url_of(str(folder / "restored.sqlite3"))
    with psycopg.connect(url_of("postgres"), autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS restored")
        admin.execute("CREATE DATABASE restored")
    return url_of("restored")


def rows_of(restored: Installation, folder: Path) -> list[tuple[str, str]]:
    """Return the files of the restored rows, read without any code of the product."""
    if connection.vendor == "sqlite":
        with sqlite3.connect(folder / "restored.sqlite3") as database:
            register(database)  # constraints use Django's functions
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            return database.execute(QUERY).fetchall()
    with psycopg.connect(url_of("restored")) as database:
        return database.execute(QUERY).fetchall()
