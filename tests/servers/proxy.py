"""A proxy in front of a server that can refuse connections, delay answers, or swallow everything."""

import contextlib
import socket
import threading
import time

from tests.servers.ports import reserve_port


class Proxy:
    """Passes bytes both ways to `target`. `delay_seconds` holds each answer back. As a black hole it takes all and
    answers nothing, on old connections and new ones, and the old ones stay dead when it is over."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = reserve_port()
        self.delay_seconds = 0.0
        self.is_black_hole = False
        self.open()

    def open(self) -> None:
        self.is_shut = False
        self.sockets: set[socket.socket] = set()
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        threading.Thread(target=self._accept, args=[self.listener], daemon=True).start()

    def shut(self) -> None:
        """Refuse all connections from now on."""
        self.is_shut = True
        for connection in (self.listener, *self.sockets):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def note_sent(self, data: bytes) -> None:
        """Note what a client has sent, as it came. A test may override it."""

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        self.sockets.add(client)
        if self.is_black_hole:
            self._swallow(client, False)
            return
        try:
            server = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            client.close()
            return
        self.sockets.add(server)
        threading.Thread(target=self._pump, args=[server, client, True], daemon=True).start()
        self._pump(client, server, False)

    def _pump(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if not is_answer:
                    self.note_sent(data)
                if self.is_black_hole:
                    self._swallow(source, is_answer)
                    return
                if is_answer and self.delay_seconds:
                    time.sleep(self.delay_seconds)
                target.sendall(data)
        for connection in (source, target):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _swallow(self, source: socket.socket, is_answer: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if not is_answer:
                    self.note_sent(data)
