"""Tests of the connection to SQLite, which waits for other writers."""

import errno
import gc
import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, transaction
from django.db.utils import ConnectionHandler

from config.sqlite import base
from recognizer.outages import problem_of_outage

pytestmark = pytest.mark.django_db


def connections(folder: Path, *, timeout: float = 60, synchronous: str = "FULL") -> ConnectionHandler:
    commands = f"PRAGMA journal_mode=WAL; PRAGMA synchronous={synchronous}"
    options = {"transaction_mode": "IMMEDIATE", "timeout": timeout, "init_command": commands}
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
        other.close()

    thread = threading.Thread(target=write)
    thread.start()
    thread.join(0.3)  # long enough for many attempts
    events.append("committed")
    end(writer)
    thread.join()
    writer.close()
    assert events == ["committed", "begun"]


def test_freeing_a_cursor_of_a_connection_that_waits_does_not_block_the_one_it_waits_for(tmp_path: Path) -> None:
    """Python frees what refers to itself in any thread, and a statement that was not read to its end with it."""
    handler = connections(tmp_path, timeout=5)
    writer = handler["default"]
    writer.cursor().execute("CREATE TABLE numbers (number INTEGER)")
    # SQLite would wait with a locked connection.
    assert writer.cursor().execute("PRAGMA busy_timeout").fetchone() == (0,)
    begin(writer)
    circles: list[Any] = []
    events: list[str] = []
    has_read = threading.Event()

    def write() -> None:
        other = handler["default"]
        unread = other.cursor().execute("VALUES (1), (2)")
        circle = [unread]
        circle.append(circle)
        circles.append(circle)
        del unread, circle
        has_read.set()
        other.cursor().execute("INSERT INTO numbers VALUES (1)")  # outside of a transaction
        events.append("written")
        other.close()

    thread = threading.Thread(target=write)
    thread.start()
    assert has_read.wait(60)
    thread.join(0.3)  # the statement waits now
    circles.clear()
    gc.collect()
    events.append("committed")
    end(writer)
    thread.join()
    writer.close()
    assert events == ["committed", "written"]


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


def test_a_transaction_waits_for_the_disk_after_others_may_write(tmp_path: Path, monkeypatch: Any) -> None:
    handler, others = connections(tmp_path), connections(tmp_path)
    writer, other = handler["default"], others["default"]
    events: list[str] = []

    def sync_slowly(descriptor: int) -> None:
        begin(other)
        events.append("another one writes")
        other.rollback()
        other.set_autocommit(True)
        assert Path(f"/proc/self/fd/{descriptor}").resolve().name == "test.sqlite3-wal"
        events.append("synced")

    monkeypatch.setattr(base, "sync", sync_slowly)
    begin(writer)
    writer.cursor().execute("CREATE TABLE numbers (number INTEGER)")
    writer.commit()
    events.append("answered")
    writer.set_autocommit(True)
    assert events == ["another one writes", "synced", "answered"]
    assert writer.cursor().execute("PRAGMA synchronous").fetchone() == (base.FULL,)
    for connection in (writer, other):
        connection.close()


def test_a_commit_that_is_not_on_the_disk_is_an_outage(tmp_path: Path, monkeypatch: Any) -> None:
    writer = connections(tmp_path)["default"]

    def fail(_descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(base, "sync", fail)
    begin(writer)
    with pytest.raises(OperationalError, match="Input/output error") as raised:
        writer.commit()
    assert problem_of_outage(raised.value) is not None
    writer.rollback()
    writer.set_autocommit(True)
    begin(writer)  # its turn is over
    writer.rollback()
    writer.close()


@pytest.mark.parametrize("ends", ["rollback", "close"])
def test_a_transaction_that_fails_ends_its_turn(tmp_path: Path, ends: str) -> None:
    handler, others = connections(tmp_path), connections(tmp_path)
    writer, other = handler["default"], others["default"]
    begin(writer)
    getattr(writer, ends)()
    begin(other)
    assert not writer.connection or writer.cursor().execute("PRAGMA synchronous").fetchone() == (base.FULL,)
    other.rollback()
    other.close()
    writer.close()


def test_without_surviving_a_power_loss_nothing_waits_for_the_disk(tmp_path: Path, monkeypatch: Any) -> None:
    writer = connections(tmp_path, synchronous="NORMAL")["default"]
    synced: list[int] = []
    monkeypatch.setattr(base, "sync", synced.append)
    begin(writer)
    end(writer)
    writer.close()
    assert synced == []


def test_the_product_uses_this_connection(settings: Any) -> None:
    if settings.DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
        assert settings.DATABASES["default"]["ENGINE"] == "config.sqlite"
        with transaction.atomic():
            assert transaction.get_connection().vendor == "sqlite"
