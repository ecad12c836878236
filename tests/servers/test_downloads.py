"""Tests of slow downloads: an account and its export links never hold all threads of a web process."""

import socket
import time
from collections.abc import Iterable, Iterator
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
from recognizer.services.limits.download_slots import DOWNLOADS_AT_ONCE, LINK_DOWNLOADS_AT_ONCE
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
def running(server: WebServer, requests: Iterable[bytes]) -> Iterator[list[Download]]:
    with ExitStack() as stack:
        downloads = [Download(server, request) for request in requests]
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
        return request_lines(batch)
    if request.param == "link":
        return request_by_link(batch)
    return write_request("GET", f"/api/v1/batches/{batch.pk}/{request.param}", token_headers(alice))


def request_lines(batch: Batch) -> bytes:
    return write_request("GET", reverse("batch_jsonl", args=[batch.pk]), session_of(batch.owner))


def request_by_link(batch: Batch) -> bytes:
    return write_request("GET", reverse("export_link_csv", args=[create_link(batch)[1]]), {})


# Pages, a link, and the API, with the downloads of each that run at the same time.
DOORS = [
    ("history", DOWNLOADS_AT_ONCE),
    ("batch_jsonl", DOWNLOADS_AT_ONCE),
    ("link", LINK_DOWNLOADS_AT_ONCE),
    ("results.csv", DOWNLOADS_AT_ONCE),
    ("results.jsonl", DOWNLOADS_AT_ONCE),
]


@pytest.mark.parametrize(("request_of", "at_once"), DOORS, indirect=["request_of"])
def test_clients_that_read_nothing_leave_threads_for_others(server: WebServer, request_of: bytes, at_once: int):
    with running(server, [request_of] * threads) as downloads:
        # Before the answers are read: with a thread for each of them this request would wait for ever.
        assert httpx.get(f"{server.url}/healthz", timeout=60).status_code == 200
        statuses = sorted(download.read_status() for download in downloads)
    assert statuses == [200] * at_once + [429] * (threads - at_once)
    for _ in range(600):  # the server notices that the clients are gone when it sends the next piece
        with running(server, [request_of]) as (download,):
            if download.read_status() == 200:
                return
        time.sleep(0.1)
    pytest.fail("The downloads that broke off still hold their slots.")


def test_downloads_by_several_links_leave_threads_for_their_owner_and_for_others(server: WebServer, large_batch: Batch):
    with running(server, [request_by_link(large_batch) for _ in range(3)]) as by_links:
        assert sorted(download.read_status() for download in by_links) == [200, 200, 429]
        with running(server, [request_lines(large_batch)] * 2) as own:
            assert httpx.get(f"{server.url}/healthz", timeout=60).status_code == 200
            assert sorted(download.read_status() for download in own) == [200, 429]
