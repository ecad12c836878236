"""Clients on raw sockets, cheap enough that the figures are the server's and not the client's."""

import itertools
import json
import socket
import statistics
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

CLIENTS = 8


def request(method: str, path: str, headers: Mapping[str, str], body: bytes = b"", *, host: str = "127.0.0.1") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def multipart(field_name: str, picture: bytes, **texts: str) -> tuple[bytes, str]:
    """Return the body, with a picture and texts in fields of a form, and its content type."""
    boundary = "digitscribe-benchmark"
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field_name}"; filename="digit.png"\r\n'
        "Content-Type: image/png\r\n\r\n"
    )
    fields = "".join(
        f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}'
        for name, text in texts.items()
    )
    body = head.encode() + picture + f"{fields}\r\n--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"


@dataclass
class Result:
    """The outcome of one run: how long each answer took, and the errors by status."""

    seconds: float
    latencies: list[float]  # in milliseconds, ascending
    errors: dict[str, int] = field(default_factory=dict)

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]

    @property
    def p50(self) -> float:
        return statistics.median(self.latencies)

    @property
    def p95(self) -> float:
        return self.percentile(0.95)

    @property
    def p99(self) -> float:
        return self.percentile(0.99)


class Client(threading.Thread):
    """A client that sends one request after another on a connection that it keeps alive."""

    def __init__(self, url: str, requests: Iterator[bytes], until: float) -> None:
        super().__init__(daemon=True)
        parts = urlsplit(url)
        self.address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self.requests, self.until = requests, until
        self.latencies: list[float] = []
        self.errors: dict[str, int] = {}
        self.connection: socket.socket | None = None

    def run(self) -> None:
        for message in self.requests:
            started = time.perf_counter()
            if started > self.until:
                return
            outcome = self.ask(message)
            if outcome.startswith(("2", "3")):
                self.latencies.append(1000 * (time.perf_counter() - started))
            else:
                self.errors[outcome] = self.errors.get(outcome, 0) + 1

    def ask(self, message: bytes) -> str:
        """Send the request and return the status. A connection that the server closed is replaced once."""
        for fresh in (False, True):
            try:
                if self.connection is None or fresh:
                    self.connection = socket.create_connection(self.address, timeout=60)
                    self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.connection.sendall(message)
                return self.receive(self.connection)
            except ConnectionError:
                self.connection = None
        return "connection refused"

    def receive(self, connection: socket.socket) -> str:
        data = b""
        while b"\r\n\r\n" not in data:
            chunk = connection.recv(65536)
            if not chunk:
                raise ConnectionResetError
            data += chunk
        head, _, body = data.partition(b"\r\n\r\n")
        fields = head.lower()
        length = int(fields.partition(b"content-length:")[2].partition(b"\r\n")[0] or b"0")
        missing = length - len(body)
        while missing > 0:
            chunk = connection.recv(min(missing, 1 << 20))
            if not chunk:
                raise ConnectionResetError
            missing -= len(chunk)
        if b"connection: close" in fields:
            connection.close()
            self.connection = None
        return head[9:12].decode()


def run(url: str, requests: Sequence[bytes], *, seconds: float, clients: int = CLIENTS) -> Result:
    """Send the requests over and over from several clients at once, and return the outcome."""
    until = time.perf_counter() + seconds
    shares = (itertools.islice(itertools.cycle(requests), start, None) for start in range(clients))
    # Each client starts at another request, so that no two send the same picture at the same time.
    threads = [Client(url, share, until) for share in shares]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    errors: dict[str, int] = {}
    for thread in threads:
        for what, count in thread.errors.items():
            errors[what] = errors.get(what, 0) + count
    latencies = sorted(itertools.chain.from_iterable(thread.latencies for thread in threads))
    if not latencies:
        raise RuntimeError(f"Nothing was answered: {json.dumps(errors)}")
    return Result(time.perf_counter() - started, latencies, errors)
