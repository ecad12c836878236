"""Concurrent actions: one in the test, the other in a thread with its own database connection."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def meanwhile(action: Callable[[], object]) -> Iterator[None]:
    """Start the action while the block's transaction is open. It continues after the commit."""
    errors: list[Exception] = []

    def run() -> None:
        try:
            action()
        except Exception as error:  # noqa: BLE001  (the assertion below shows any error)
            errors.append(error)
        finally:
            connection.close()

    other = threading.Thread(target=run)
    with transaction.atomic():
        yield
        other.start()
        time.sleep(0.5)  # until it waits for the lock
    other.join()
    assert errors == []


def wait_for_a_lock() -> None:
    """Wait until another transaction waits for a lock of this one. SQLite, which has one writer, cannot tell."""
    for _ in range(300 if connection.vendor == "postgresql" else 5):
        time.sleep(0.1)
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))")
                if cursor.fetchone():
                    return
