"""gunicorn's threaded worker, changed so that a thread serves only connections that have sent something.

Browsers open connections in advance. gunicorn gives each a thread, which waits five seconds for the first byte: four of
them, from one browser, block a process with four threads. Here a new connection waits in the poller, as a kept-alive
one does.

https://github.com/benoitc/gunicorn/pull/3635 does the same for issue 3634. It is not in gunicorn 27.0.1.
`test_gunicorn_still_needs_the_fix` fails as soon as a release contains it: then delete this module.
"""

import selectors
import time
from functools import partial

from gunicorn.workers.gthread import TConn, ThreadWorker


class Worker(ThreadWorker):  # type: ignore[misc]
    """A worker that gives a new connection a thread when it becomes readable."""

    def enqueue_req(self, conn: TConn) -> None:
        if conn.initialized or conn.data_ready:
            super().enqueue_req(conn)
            return
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + self.cfg.keepalive
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))
