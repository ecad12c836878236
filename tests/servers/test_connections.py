"""Who has asked nothing keeps nobody waiting."""

import socket
import time
from contextlib import ExitStack

import httpx
import pytest

from config.gunicorn import threads
from tests.servers.web import WebServer

pytestmark = pytest.mark.processes


def test_connections_opened_in_advance_hold_no_thread(server: WebServer):
    with ExitStack() as silent:
        for _ in range(2 * threads):
            silent.enter_context(socket.create_connection(("127.0.0.1", server.port)))
        asked = time.monotonic()
        assert httpx.get(f"{server.url}/healthz", timeout=30).status_code == 200
        assert time.monotonic() - asked < 2


def test_a_connection_may_ask_late(server: WebServer):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        time.sleep(0.5)
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
