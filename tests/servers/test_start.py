"""Tests of the start of gunicorn: it refuses a wrong configuration, but outages end none of its processes later."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from django.db import connection

from tests.servers.process import NotReadyError, wait_until
from tests.servers.web import WebServer

PRODUCTION = {"PRODUCTION": "yes", "SECRET_KEY": "x" * 50}


@pytest.fixture
def database(same_database, model, tmp_path: Path) -> Path:
    """Return the folder of a copy of the tests' database, which can be taken away."""
    folder = tmp_path / "database"
    folder.mkdir()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(folder / "db.sqlite3")])
    return folder


@pytest.fixture
def web(static_files, database: Path, tmp_path: Path) -> Iterator[WebServer]:
    environment = {**PRODUCTION, "DATABASE_URL": f"sqlite:///{database / 'db.sqlite3'}"}
    web = WebServer(log=tmp_path / "web.log", environment=environment)
    yield web
    web.stop()


def state_of(web: WebServer) -> int:
    try:
        return httpx.get(f"{web.url}/readyz", timeout=10).status_code
    except httpx.TransportError:
        return 0


def test_a_process_that_starts_without_a_database_ends_no_other(web, database):
    web.start()
    assert state_of(web) == 200
    away = database.rename(database.with_name("away"))
    (process,) = psutil.Process(web.pid).children()
    os.kill(process.pid, signal.SIGKILL)
    wait_until(lambda: state_of(web) == 503, seconds=30, what="the new process")
    away.rename(database)
    wait_until(lambda: state_of(web) == 200, seconds=30, what="the database")
    assert web.is_alive


def test_a_start_without_a_database_waits_for_it(web, database):
    away = database.rename(database.with_name("away"))
    web.start()
    assert state_of(web) == 503
    away.rename(database)
    wait_until(lambda: state_of(web) == 200, seconds=30, what="the database")


def test_a_wrong_configuration_stops_the_start(web):
    web.environment["JOB_HARD_LIMIT_SECONDS"] = "2"
    with pytest.raises(NotReadyError, match=r"recognizer\.E003"):
        web.start()


def test_a_damaged_model_stops_the_start(web, database):
    with connection.cursor() as cursor:
        cursor.execute(f"ATTACH '{database / 'db.sqlite3'}' AS copy")
        cursor.execute("UPDATE copy.recognizer_modelversion SET shipped = 0, folder = 'missing'")
        cursor.execute("DETACH copy")
    with pytest.raises(NotReadyError, match="model_unavailable"):
        web.start()


def test_a_check_that_fails_later_ends_no_process(web, tmp_path):
    logs = tmp_path / "logs"
    logs.mkdir()
    web.environment["SECURITY_LOG_FILE"] = str(logs / "security.log")
    web.start()
    shutil.rmtree(logs)
    (process,) = psutil.Process(web.pid).children()
    os.kill(process.pid, signal.SIGKILL)
    wait_until(lambda: psutil.Process(web.pid).children() != [process] and state_of(web), seconds=30, what="a process")
    assert state_of(web) == 200
