"""A server to attack: gunicorn as in production with one process, whose memory is measured around each request."""

import http.client
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.stage import measure, stage
from tests.servers.web import WebServer


@dataclass(frozen=True)
class Answer:
    """The answer to one request: its status and body, the seconds that it took, and the memory that it needed."""

    status: int
    body: bytes
    seconds: float
    peak_mb: float  # the most that the process held meanwhile
    after_mb: float


@dataclass
class Target:
    server: WebServer
    token: dict[str, str]

    @property
    def pid(self) -> int:
        (process,) = psutil.Process(self.server.pid).children()
        return process.pid

    def memory_mb(self) -> float:
        return measure(self.pid).now

    def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """Send one request on a connection of its own. Status 0: the server closed it without an answer."""
        pid = self.pid
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # forgets the peak
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=120)
        started = time.perf_counter()
        status, content = 0, b""
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, {**self.token, **named})
            response = connection.getresponse()
            status, content = response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            content = repr(error).encode()
        finally:
            connection.close()
        seconds = time.perf_counter() - started
        memory = measure(pid)
        return Answer(status, content, seconds, memory.peak, memory.now)


@contextmanager
def target() -> Iterator[Target]:
    with stage("sqlite") as place:
        from django.contrib.auth.models import User

        from recognizer.services.people.tokens import create_token

        user = User.objects.create_user("attacker", password="a long password")
        token = create_token(user=user, name="attack")[1]
        server = WebServer(log=place.folder / "web.log", environment={}, workers=1)
        server.start()
        try:
            yield Target(server, {"Authorization": f"Bearer {token}"})
        finally:
            server.stop()
