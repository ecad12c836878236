"""Django's connection to SQLite, with writers that wait for their turn in short steps and leave it early.

SQLite itself sleeps 1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50 and then 100 ms between attempts, although a picture's
transaction takes three: whoever came too late a few times slept while others passed. Here one thread of a process tries
often, and the others queue behind it.

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
from typing import Any

from django.db.backends.sqlite3 import base
from django.db.utils import OperationalError

WAIT_SECONDS = 0.0005
DEFAULT_TIMEOUT_SECONDS = 5.0  # Python's
FULL = 2  # of PRAGMA synchronous

sync = getattr(os, "fdatasync", os.fsync)  # macOS has only the other
turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)  # to write, by the database's path
os.register_at_fork(after_in_child=turns.clear)  # nobody in the child would end the turn of a thread of its parent


class DatabaseWrapper(base.DatabaseWrapper):
    path = ""  # empty for a database in memory
    syncs_late = False  # after the end of a transaction, instead of SQLite before it
    has_turn = False
    is_sync_due = False

    def get_new_connection(self, conn_params: dict[str, Any]) -> sqlite3.Connection:
        connection: sqlite3.Connection = super().get_new_connection(conn_params)
        self.path = connection.execute("PRAGMA database_list").fetchone()[2]
        (journal,), (waits,) = (
            connection.execute(f"PRAGMA {name}").fetchone() for name in ("journal_mode", "synchronous")
        )
        self.syncs_late = journal == "wal" and waits == FULL
        return connection

    def _start_transaction_under_autocommit(self) -> None:
        """Begin a transaction. One that will write waits for that of another process or thread, up to the timeout."""
        if self.transaction_mode != "IMMEDIATE":  # type: ignore[attr-defined]  # the stubs leave it out
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
            return
        seconds = float(self.settings_dict["OPTIONS"].get("timeout", DEFAULT_TIMEOUT_SECONDS))
        ends_at = time.monotonic() + seconds
        self.has_turn = turns[self.path].acquire(timeout=seconds)
        self.connection.execute("PRAGMA busy_timeout = 0")
        try:
            if self.syncs_late:
                self.connection.execute("PRAGMA synchronous = NORMAL")
                self.is_sync_due = True
            self._begin(ends_at)
        except BaseException:
            self._end_turn()
            raise
        finally:
            self.connection.execute(f"PRAGMA busy_timeout = {round(1000 * seconds)}")

    def _begin(self, ends_at: float) -> None:
        while True:
            try:
                super()._start_transaction_under_autocommit()  # type: ignore[misc]
                return
            except OperationalError as error:
                code = getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF  # without the extension for details
                if code != sqlite3.SQLITE_BUSY or time.monotonic() > ends_at:
                    raise
            time.sleep(WAIT_SECONDS)

    def _commit(self) -> None:
        is_sync_due = self.is_sync_due
        super()._commit()  # type: ignore[misc]
        self._end_turn()
        if is_sync_due:
            self._sync_log()

    def _rollback(self) -> None:
        super()._rollback()  # type: ignore[misc]
        self._end_turn()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self.is_sync_due = False
            self._end_turn()

    def _end_turn(self) -> None:
        if self.has_turn:
            self.has_turn = False
            turns[self.path].release()
        if self.is_sync_due:
            self.is_sync_due = False
            self.connection.execute("PRAGMA synchronous = FULL")

    def _sync_log(self) -> None:
        """Wait until the log is on the disk. An error means that a power failure may undo the transaction."""
        try:
            descriptor = os.open(f"{self.path}-wal", os.O_RDONLY)
            try:
                sync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            failure = sqlite3.OperationalError(f"The log could not be synced: {error}")
            failure.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
            failure.__cause__ = error
            raise OperationalError(*failure.args) from failure
