"""Django's connection to SQLite, which waits for its turn to write in short steps.

SQLite itself sleeps 1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50 and then 100 ms between attempts, although a picture's
transaction takes three: whoever came too late a few times slept while others passed.
"""

import sqlite3
import time

from django.db.backends.sqlite3 import base
from django.db.utils import OperationalError

WAIT_SECONDS = 0.001
DEFAULT_TIMEOUT_SECONDS = 5.0  # Python's


class DatabaseWrapper(base.DatabaseWrapper):
    def _start_transaction_under_autocommit(self) -> None:
        """Begin a transaction. One that will write waits for that of another process or thread, up to the timeout."""
        if self.transaction_mode != "IMMEDIATE":  # type: ignore[attr-defined]  # the stubs leave it out
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
            return
        seconds = float(self.settings_dict["OPTIONS"].get("timeout", DEFAULT_TIMEOUT_SECONDS))
        ends_at = time.monotonic() + seconds
        self.connection.execute("PRAGMA busy_timeout = 0")
        try:
            while True:
                try:
                    super()._start_transaction_under_autocommit()  # type: ignore[misc]
                    return
                except OperationalError as error:
                    code = getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF  # without the extension for details
                    if code != sqlite3.SQLITE_BUSY or time.monotonic() > ends_at:
                        raise
                time.sleep(WAIT_SECONDS)
        finally:
            self.connection.execute(f"PRAGMA busy_timeout = {round(1000 * seconds)}")
