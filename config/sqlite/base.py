"""Django's connection to SQLite, with writers that wait for their turn in short steps and leave it early.

SQLite itself sleeps 1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50 and then 100 ms between attempts, although a picture's
transaction takes three: whoever came too late a few times slept while others passed. And it sleeps with the connection
locked: Python may free a cursor of that connection in any thread at any time, and waits for the lock then. If the
thread is in the very transaction that SQLite waits for, nobody writes until the timeout. Here SQLite answers at once
that it is busy, and Python waits: one thread of a process tries often, and the others queue behind it.

With `synchronous=FULL` SQLite waits for the disk while it still excludes other writers. Here a transaction ends first,
and then its thread waits until the log is on the disk. Nothing that follows the commit is done before, least of all an
answer; but others may write meanwhile, and may read what a power failure could still undo. A later transaction is never
on the disk without the earlier ones, which are before it in the log. Statements outside of a transaction wait as in
SQLite.
"""

import os
import sqlite3
import threading
import time
from collections import defaultdict
from functools import partial
from typing import Any, Self

from django.db.backends.sqlite3 import base
from django.db.utils import OperationalError

WAIT_SECONDS = 0.0005
DEFAULT_TIMEOUT_SECONDS = 5.0  # Python's
FULL = 2  # of PRAGMA synchronous

sync = getattr(os, "fdatasync", os.fsync)  # macOS has only the other
turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)  # to write, by the database's path
os.register_at_fork(after_in_child=turns.clear)  # nobody in the child would end the turn of a thread of its parent


def is_busy(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY  # without the extension for details


def sqlite_error(message: str, code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(message)
    error.sqlite_errorcode = code
    return error


class Cursor(base.SQLiteCursorWrapper):
    """A cursor that tries a statement again while another connection's transaction excludes it, up to the timeout."""

    def __init__(self, connection: sqlite3.Connection, *, database: "DatabaseWrapper") -> None:
        super().__init__(connection)
        self.database = database

    def execute(self, query: str, params: Any = None) -> Self:
        try:
            super().execute(query, params)
            return self
        except sqlite3.OperationalError as error:
            if not is_busy(error) or self.connection.in_transaction:  # which waiting would not change
                raise
        ends_at = time.monotonic() + self.database.timeout
        takes_turn = not self.database.has_turn
        if takes_turn:
            self.database.take_turn()
        try:
            while True:
                try:
                    super().execute(query, params)
                    return self
                except sqlite3.OperationalError as error:
                    if not is_busy(error) or time.monotonic() > ends_at:
                        raise
                time.sleep(WAIT_SECONDS)
        finally:
            if takes_turn:
                self.database.end_turn()


class DatabaseWrapper(base.DatabaseWrapper):
    path = ""  # empty for a database in memory
    syncs_late = False  # after the end of a transaction, instead of SQLite before it
    has_turn = False
    is_sync_due = False

    @property
    def timeout(self) -> float:
        return float(self.settings_dict["OPTIONS"].get("timeout", DEFAULT_TIMEOUT_SECONDS))

    def get_new_connection(self, conn_params: dict[str, Any]) -> sqlite3.Connection:
        connection: sqlite3.Connection = super().get_new_connection(conn_params)
        self.path = connection.execute("PRAGMA database_list").fetchone()[2]
        (journal,), (waits,) = (
            connection.execute(f"PRAGMA {name}").fetchone() for name in ("journal_mode", "synchronous")
        )
        self.syncs_late = journal == "wal" and waits == FULL
        connection.execute("PRAGMA busy_timeout = 0")
        return connection

    def create_cursor(self, name: str | None = None) -> sqlite3.Cursor:
        cursor: sqlite3.Cursor = self.connection.cursor(factory=partial(Cursor, database=self))
        return cursor

    def _start_transaction_under_autocommit(self) -> None:
        """Begin a transaction. One that will write waits for that of another process or thread, up to the timeout."""
        if self.transaction_mode != "IMMEDIATE":  # type: ignore[attr-defined]  # the stubs leave it out
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
            return
        self.take_turn()
        try:
            if self.syncs_late:
                self.create_cursor().execute("PRAGMA synchronous = NORMAL")
                self.is_sync_due = True
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._end_transaction()
            raise

    def _commit(self) -> None:
        is_sync_due = self.is_sync_due
        super()._commit()  # type: ignore[misc]
        self._end_transaction()
        if is_sync_due:
            self._sync_log()

    def _rollback(self) -> None:
        super()._rollback()  # type: ignore[misc]
        self._end_transaction()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self.is_sync_due = False
            self._end_transaction()

    def take_turn(self) -> None:
        """Wait for the other threads of this process that write, up to the timeout."""
        if not turns[self.path].acquire(timeout=self.timeout):
            message = "Other threads were still writing to the database."
            raise OperationalError(message) from sqlite_error(message, sqlite3.SQLITE_BUSY)
        self.has_turn = True

    def end_turn(self) -> None:
        if self.has_turn:
            self.has_turn = False
            turns[self.path].release()

    def _end_transaction(self) -> None:
        self.end_turn()
        if self.is_sync_due:
            self.is_sync_due = False
            self.create_cursor().execute("PRAGMA synchronous = FULL")

    def _sync_log(self) -> None:
        """Wait until the log is on the disk. An error means that a power failure may undo the transaction."""
        try:
            descriptor = os.open(f"{self.path}-wal", os.O_RDONLY)
            try:
                sync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            message = f"The log could not be synced: {error}"
            raise OperationalError(message) from sqlite_error(message, sqlite3.SQLITE_IOERR_FSYNC)
