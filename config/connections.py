"""gunicorn's threaded worker with four changes.

**A thread serves only connections that have sent something.** Browsers open connections in advance. gunicorn gives each
a thread, which waits five seconds for the first byte: four of them, from one browser, block a process with four
threads. Here a new connection waits in the poller, as a kept-alive one does.

https://github.com/benoitc/gunicorn/pull/3635 does the same for issue 3634. It is not in gunicorn 27.0.1.
`test_gunicorn_still_needs_the_fix` fails as soon as a release contains it: then delete `enqueue_req`.

**A response to a body that was not read says `Connection: close`.** gunicorn announces `keep-alive` and then closes the
connection with a reset, which may overtake the response. Here the client has time to notice the response: what it still
sends is read and thrown away, up to a limit.

**The processes share the connections evenly.** gunicorn gives a new connection to the process that wakes first: eight
clients that keep their connections were at times all served by one of two processes. Here a process with more
connections than another leaves a new one to it for a moment.

**The thread that has answered returns its connection to the poller itself.** gunicorn wakes its main thread for it.
"""

import selectors
import socket
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from mmap import mmap
from typing import Any

from gunicorn.http.body import ChunkedReader, LengthReader
from gunicorn.http.message import Request
from gunicorn.workers.gthread import TConn, ThreadWorker

MAX_IGNORED_BYTES = 64 * 1024  # gunicorn reads so much behind a response before the connection's next request
LINGER_SECONDS, LINGER_BYTES = 2.0, 32 * 1024 * 1024  # a body with the largest picture fits
MAX_PROCESSES = 256  # of the old and the new release together, while gunicorn loads new code


class ConnectionCounts:
    """The numbers of open connections of all processes, in memory that they share. Made before they are forked."""

    NO_PROCESS = (1 << 63) - 1

    def __init__(self) -> None:
        self.counts = memoryview(mmap(-1, 8 * MAX_PROCESSES)).cast("q")
        for slot in range(MAX_PROCESSES):
            self.counts[slot] = self.NO_PROCESS

    def set(self, process: int, count: int) -> None:
        self.counts[process % MAX_PROCESSES] = count

    def forget(self, process: int) -> None:
        self.set(process, self.NO_PROCESS)

    def fewest(self) -> int:
        return min(self.counts)


connection_counts = ConnectionCounts()


class Worker(ThreadWorker):  # type: ignore[misc]
    """A worker that gives a new connection a thread when it becomes readable, and closes honestly."""

    yields_for_seconds = 0.02  # at most: the process with fewer connections may be busy
    looks_again_after_seconds = 0.002

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.yields_until: float | None = None
        self.returning = threading.Lock()

    def accept(self, listener: socket.socket) -> None:
        """Accept a new connection, or leave it for a moment to a process that has fewer."""
        if self.has_more_than_another():
            now = time.monotonic()
            if self.yields_until is None:
                self.yields_until = now + self.yields_for_seconds
            if now < self.yields_until:
                self.set_accept_enabled(False)
                return
        self.yields_until = None
        super().accept(listener)
        self.count_connections()

    def set_accept_enabled(self, enabled: bool) -> None:
        super().set_accept_enabled(enabled and not self.is_yielding())

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        self.count_connections()
        super().wait_for_and_dispatch_events(self.looks_again_after_seconds if self.is_yielding() else timeout)

    def is_yielding(self) -> bool:
        return self.yields_until is not None and time.monotonic() < self.yields_until and self.has_more_than_another()

    def has_more_than_another(self) -> bool:
        """Return whether another process has fewer connections than this one."""
        return connection_counts.fewest() < int(self.nr_conns)

    def count_connections(self) -> None:
        if self.alive:
            connection_counts.set(self.age, self.nr_conns)
        else:
            connection_counts.forget(self.age)

    def enqueue_req(self, conn: TConn) -> None:
        if conn.initialized or conn.data_ready:
            self.tpool.submit(self.handle, conn).add_done_callback(partial(self.return_connection, conn))
            return
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + self.cfg.keepalive
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def return_connection(self, conn: TConn, served: "Future[Any]") -> None:
        """Wait for the next request of a connection that stays open. All else is left to the main thread."""
        if not served.cancelled() and not served.exception() and served.result() is True:
            with self.returning:
                self.finish_request(conn, served)
        else:
            self.method_queue.defer(self.finish_request, conn, served)

    def _cap_keepalive(self, deadline: float) -> None:
        with self.returning:  # it goes through the connections that wait, of which there may be no new ones meanwhile
            super()._cap_keepalive(deadline)

    def handle_request(self, req: Request, conn: TConn) -> bool:
        """Serve the request and return whether the connection stays open."""
        closes_anyway = req.should_close
        req.should_close = lambda: closes_anyway() or has_unread_body(req)
        stays_open: bool = super().handle_request(req, conn)
        if not stays_open and has_unread_body(req):
            with suppress(TimeoutError):
                discard_body(req, conn.sock)
        return stays_open


def has_unread_body(req: Request) -> bool:
    """Return whether the application has left so much of the body that the connection cannot serve another request."""
    reader = req.body.reader
    if isinstance(reader, ChunkedReader):
        return reader.parser is not None
    return isinstance(reader, LengthReader) and reader.length > MAX_IGNORED_BYTES


def discard_body(req: Request, sock: socket.socket) -> None:
    """Read the rest of a body, as long as it is neither too long nor too slow."""
    ends_at, left = time.monotonic() + LINGER_SECONDS, LINGER_BYTES
    while left > 0 and (seconds := ends_at - time.monotonic()) > 0:
        sock.settimeout(seconds)
        piece = req.body.read(MAX_IGNORED_BYTES)
        if not piece:
            return
        left -= len(piece)
