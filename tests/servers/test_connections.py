"""Tests of gunicorn's worker: connections that send nothing block no thread, and refused bodies end honestly."""

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import psutil
import pytest

from config.embedded_redis import free_port
from config.gunicorn import threads
from tests.servers.process import Server
from tests.servers.web import WebServer
from tests.surroundings import ROOT

pytestmark = pytest.mark.processes

APPLICATION = """
def application(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""


def is_answered_beside_silent_connections(port: int, silent: int, *, within_seconds: float) -> bool:
    """Send a request after connections that send nothing: the kernel hands them to the server in this order."""
    with ExitStack() as connections:
        for _ in range(silent):
            connections.enter_context(socket.create_connection(("127.0.0.1", port)))
        try:
            return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=within_seconds).status_code == 200
        except httpx.ReadTimeout:
            return False


def test_connections_opened_in_advance_block_no_thread(server: WebServer):
    # Each of gunicorn's own threads would wait five seconds for each of its connections, two minutes in all.
    assert is_answered_beside_silent_connections(server.port, 24 * threads, within_seconds=60)


def test_a_connection_may_send_its_request_late(server: WebServer):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        time.sleep(0.5)
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200")


def answer_to(port: int, head: str, body: bytes) -> tuple[bytes, bool]:
    """Send a whole request, and return the start of its response and whether the server has closed the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(f"{head}\r\nHost: 127.0.0.1\r\n\r\n".encode() + body)
        return connection.recv(10_000), connection.recv(10_000) == b""


CHUNKED = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"


@pytest.mark.parametrize(
    ("head", "body", "status"),
    [
        ("POST /api/v1/predictions/ HTTP/1.1\r\nContent-Length: 20000000", b"x" * 20_000_000, b"401"),
        ("POST /nowhere HTTP/1.1\r\nContent-Length: 20000000", b"x" * 20_000_000, b"404"),
        ("POST /login/ HTTP/1.1\r\nTransfer-Encoding: chunked", CHUNKED * 200 + b"0\r\n\r\n", b"413"),
    ],
    ids=["refused", "missing page", "chunked"],
)
def test_a_body_that_is_not_read_ends_the_connection_after_the_answer(server: WebServer, head, body, status):
    answer, is_closed = answer_to(server.port, head, body)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b"\r\nConnection: close\r\n" in answer
    assert is_closed


def test_a_connection_goes_on_after_a_small_body_that_is_not_read(server: WebServer):
    with httpx.Client(base_url=server.url, timeout=20) as client:
        answer = client.post("/nowhere", content=b"x" * 1000)
        connection = answer.extensions["network_stream"].get_extra_info("socket")
        next_answer = client.get("/healthz")
        assert next_answer.extensions["network_stream"].get_extra_info("socket") is connection
    assert (answer.headers["Connection"], next_answer.status_code) == ("keep-alive", 200)


@pytest.mark.parametrize("name", ["SCRIPT_NAME", "PATH_INFO"])
def test_no_header_changes_the_address_of_a_request(server: WebServer, name: str):
    answer = httpx.get(f"{server.url}/healthz", headers={name: "/login/"})
    assert (answer.status_code, answer.text) == (200, "ok\n")


@pytest.fixture
def plain_gunicorn(tmp_path: Path) -> Iterator[int]:
    """The port of a gunicorn with its own threaded worker and one thread."""
    (tmp_path / "plain.py").write_text(APPLICATION)
    port = free_port()
    options = ["--worker-class", "gthread", "--threads", "1", "--no-control-socket", "--bind", f"127.0.0.1:{port}"]
    server = Server(
        [sys.executable, "-m", "gunicorn", *options, "plain:application"],
        log=tmp_path / "log",
        is_ready=lambda: "Booting worker" in server.output,
        folder=tmp_path,
    )
    server.start()
    yield port
    server.kill()


def test_gunicorn_still_needs_the_fix(plain_gunicorn: int):
    """Fails when gunicorn's own worker serves past silent connections: delete `enqueue_req` then."""
    assert not is_answered_beside_silent_connections(plain_gunicorn, 1, within_seconds=3)


PATIENT_WORKER = """
from config.connections import Worker


class PatientWorker(Worker):
    yields_for_seconds = 60.0
"""


def connections_of(processes: list[psutil.Process], port: int) -> list[int]:
    """Return how many connections each process has accepted."""
    return [
        sum(each.status == psutil.CONN_ESTABLISHED and each.laddr.port == port for each in process.net_connections())
        for process in processes
    ]


def test_processes_share_connections_evenly(tmp_path: Path):
    (tmp_path / "plain.py").write_text(APPLICATION)
    (tmp_path / "patient.py").write_text(PATIENT_WORKER)
    port, count = free_port(), 20
    options = ["--config", str(ROOT / "config" / "gunicorn.py"), "--worker-class", "patient.PatientWorker"]
    options += ["--keep-alive", "600"]
    server = Server(
        [sys.executable, "-m", "gunicorn", *options, "--bind", f"127.0.0.1:{port}", "plain:application"],
        log=tmp_path / "log",
        environment={"PYTHONPATH": f"{ROOT}:{tmp_path}", "WEB_WORKERS": "2"},
        is_ready=lambda: server.output.count("Booting worker") == 2,
        folder=tmp_path,
    )
    server.start()
    try:
        processes = psutil.Process(server.pid).children()
        processes[0].suspend()  # so that the other one is always first
        with ExitStack() as connections:
            first = connections.enter_context(socket.create_connection(("127.0.0.1", port)))
            for _ in range(count - 1):
                connections.enter_context(socket.create_connection(("127.0.0.1", port)))
            for _ in range(3):  # after which it has seen all connections
                first.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                answer = b""
                while not answer.endswith(b"ok"):
                    answer += first.recv(1000)
            assert connections_of(processes, port) == [0, 1]
            processes[0].resume()
            while sum(connections_of(processes, port)) < count:
                time.sleep(0.01)
            assert connections_of(processes, port) == [count // 2, count // 2]
    finally:
        server.kill()
