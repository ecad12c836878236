"""Tests of the connection to SQLite, which waits for other writers."""

import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, transaction
from django.db.utils import ConnectionHandler

from recognizer.outages import problem_of_outage

pytestmark = pytest.mark.django_db


def connections(folder: Path, *, timeout: float) -> ConnectionHandler:
    options = {"transaction_mode": "IMMEDIATE", "timeout": timeout, "init_command": "PRAGMA journal_mode=WAL"}
    return ConnectionHandler(
        {"default": {"ENGINE": "config.sqlite", "NAME": str(folder / "test.sqlite3"), "OPTIONS": options}}
    )


def begin(connection: Any) -> None:
    connection.ensure_connection()
    connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)


def end(connection: Any) -> None:
    connection.commit()
    connection.set_autocommit(True)


def test_a_writer_waits_until_the_one_before_it_has_committed(tmp_path: Path) -> None:
    handler = connections(tmp_path, timeout=60)
    writer = handler["default"]
    begin(writer)
    events: list[str] = []

    def write() -> None:
        other = handler["default"]
        assert other is not writer
        begin(other)
        events.append("begun")
        end(other)
        events.append(str(other.cursor().execute("PRAGMA busy_timeout").fetchone()[0]))
        other.close()

    thread = threading.Thread(target=write)
    thread.start()
    thread.join(0.3)  # long enough for many attempts
    events.append("committed")
    end(writer)
    thread.join()
    writer.close()
    assert events == ["committed", "begun", "60000"]


def test_a_writer_that_waited_too_long_gets_an_outage(tmp_path: Path) -> None:
    handler, others = connections(tmp_path, timeout=60), connections(tmp_path, timeout=0.01)
    begin(handler["default"])
    with pytest.raises(OperationalError) as raised:
        begin(others["default"])
    problem = problem_of_outage(raised.value)
    assert problem is not None
    assert problem.code == "database_unavailable"
    end(handler["default"])
    handler["default"].close()
    others["default"].close()


def test_the_product_uses_this_connection(settings: Any) -> None:
    if settings.DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
        assert settings.DATABASES["default"]["ENGINE"] == "config.sqlite"
        with transaction.atomic():
            assert transaction.get_connection().vendor == "sqlite"
