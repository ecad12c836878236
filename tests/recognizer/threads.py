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
