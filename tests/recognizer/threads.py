"""Two at once: the other one in a thread, on a connection of its own."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def meanwhile(act: Callable[[], object]) -> Iterator[None]:
    """What the block writes is not committed yet when the other one begins, and is when it goes on."""
    errors: list[Exception] = []

    def run() -> None:
        try:
            act()
        except Exception as error:  # noqa: BLE001  (whatever it is, the test shows it)
            errors.append(error)
        finally:
            connection.close()

    other = threading.Thread(target=run)
    with transaction.atomic():
        yield
        other.start()
        time.sleep(0.5)  # until it waits
    other.join()
    assert errors == []
