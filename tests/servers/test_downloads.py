"""Tests of slow downloads: neither an account nor an export link holds all threads of a web process."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlencode

import httpx
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.urls import reverse

from config.gunicorn import threads
from recognizer.models import Batch, BatchItem
from recognizer.services.batches.intake import create_batch
from recognizer.services.limits.download_slots import DOWNLOADS_AT_ONCE
from recognizer.services.people.export_links import create_link
from recognizer.services.reading.predictions import create_prediction
from tests.conftest import client_of, token_headers
from tests.pictures import digit_png
from tests.servers.web import WebServer

pytestmark = pytest.mark.processes

# More than the kernel takes for a client that reads nothing: up to 4 MiB of a connection wait in the server.
MUCH = 6 * 1024 * 1024
CSRF = "c" * 32


class Download:
    """A request whose answer a client does not read."""

    def __init__(self, server: WebServer, request: bytes) -> None:
        self.connection = socket.socket()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.connection.settimeout(60)
        self.connection.connect(("127.0.0.1", server.port))
        self.connection.sendall(request)

    def read_status(self) -> int:
        return int(self.connection.recv(12).split()[1])


@contextmanager
def running(server: WebServer, request: bytes, count: int) -> Iterator[list[Download]]:
    with ExitStack() as stack:
        downloads = [Download(server, request) for _ in range(count)]
        for download in downloads:
            stack.enter_context(download.connection)
        yield downloads


def write_request(method: str, path: str, headers: dict[str, str], body: str = "") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    if body:
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", body]).encode()


@pytest.fixture
def large_batch(alice: User) -> Batch:
    """Return a batch of so many files with long names that its table is MUCH."""
    batch = create_batch(owner=alice, name="Many")
    name = "\N{CJK UNIFIED IDEOGRAPH-4E00}" * 200
    rows = MUCH // len(name.encode())
    BatchItem.objects.bulk_create(
        (
            BatchItem(batch=batch, position=position, name=name, state="failed", error_code="corrupt_image")
            for position in range(rows)
        ),
        batch_size=1000,
    )
    return batch


def session_of(user: User) -> dict[str, str]:
    cookie = client_of(user).cookies[settings.SESSION_COOKIE_NAME]
    return {"Cookie": f"{cookie.key}={cookie.value}; {settings.CSRF_COOKIE_NAME}={CSRF}"}


@pytest.fixture
def request_of(request: pytest.FixtureRequest, alice: User) -> bytes:
    """Return the request of one of the downloads that are written while they are sent."""
    if request.param == "history":
        upload = create_prediction(owner=alice, data=digit_png(7, size=60), source="upload").upload
        upload.original.save("original", ContentFile(bytes(MUCH)))
        form = {"action": "zip", "all": "1", "query": "", "csrfmiddlewaretoken": CSRF}
        return write_request("POST", reverse("history_bulk"), session_of(alice), urlencode(form))
    batch = request.getfixturevalue("large_batch")
    if request.param == "batch_jsonl":
        return write_request("GET", reverse("batch_jsonl", args=[batch.pk]), session_of(alice))
    if request.param == "link":
        return write_request("GET", reverse("export_link_csv", args=[create_link(batch)[1]]), {})
    return write_request("GET", f"/api/v1/batches/{batch.pk}/{request.param}", token_headers(alice))


DOORS = ["history", "batch_jsonl", "link", "results.csv", "results.jsonl"]  # pages, a link, and the API


@pytest.mark.parametrize("request_of", DOORS, indirect=True)
def test_clients_that_read_nothing_leave_threads_for_others(server: WebServer, request_of: bytes):
    with running(server, request_of, threads) as downloads:
        # Before the answers are read: with a thread for each of them this request would wait for ever.
        assert httpx.get(f"{server.url}/healthz", timeout=60).status_code == 200
        statuses = sorted(download.read_status() for download in downloads)
    assert statuses == [200] * DOWNLOADS_AT_ONCE + [429] * (threads - DOWNLOADS_AT_ONCE)
    for _ in range(600):  # the server notices that the clients are gone when it sends the next piece
        with running(server, request_of, 1) as (download,):
            if download.read_status() == 200:
                return
        time.sleep(0.1)
    pytest.fail("The downloads that broke off still hold their slots.")
