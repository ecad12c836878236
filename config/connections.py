"""gunicorn's threaded worker with two changes.

**A thread serves only connections that have sent something.** Browsers open connections in advance. gunicorn gives each
a thread, which waits five seconds for the first byte: four of them, from one browser, block a process with four
threads. Here a new connection waits in the poller, as a kept-alive one does.

https://github.com/benoitc/gunicorn/pull/3635 does the same for issue 3634. It is not in gunicorn 27.0.1.
`test_gunicorn_still_needs_the_fix` fails as soon as a release contains it: then delete `enqueue_req`.

**A response to a body that was not read says `Connection: close`.** gunicorn announces `keep-alive` and then closes the
connection with a reset, which may overtake the response. Here the client has time to notice the response: what it still
sends is read and thrown away, up to a limit.
"""

import selectors
import socket
import time
from contextlib import suppress
from functools import partial

from gunicorn.http.body import ChunkedReader, LengthReader
from gunicorn.http.message import Request
from gunicorn.workers.gthread import TConn, ThreadWorker

MAX_IGNORED_BYTES = 64 * 1024  # gunicorn reads so much behind a response before the connection's next request
LINGER_SECONDS, LINGER_BYTES = 2.0, 32 * 1024 * 1024  # a body with the largest picture fits


class Worker(ThreadWorker):  # type: ignore[misc]
    """A worker that gives a new connection a thread when it becomes readable, and closes honestly."""

    def enqueue_req(self, conn: TConn) -> None:
        if conn.initialized or conn.data_ready:
            super().enqueue_req(conn)
            return
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + self.cfg.keepalive
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

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
