"""Tests of mails while their worker is killed and while the mail server does not answer."""

import socketserver
import threading
from collections.abc import Iterator

import pytest

from recognizer.models import OutgoingMail
from recognizer.services.people.passwords import request_reset
from tests.processes.conftest import wait_for, wait_for_jobs
from tests.recognizer.mails import add_verified_address

pytestmark = [pytest.mark.processes]


class SlowMailbox(socketserver.StreamRequestHandler):
    """A mail server on the same machine that does not say a word before it is allowed to."""

    def handle(self) -> None:
        self.server.waiting.set()
        self.server.answers.wait()
        self.reply("220 mailbox")
        while line := self.rfile.readline().decode().strip().upper():
            if line == "DATA":
                self.reply("354 go on")
                self.server.messages.append(b"".join(iter(self.rfile.readline, b".\r\n")).decode())
            self.reply("221 bye" if line == "QUIT" else "250 fine")

    def reply(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), SlowMailbox)
        self.waiting, self.answers = threading.Event(), threading.Event()
        self.messages: list[str] = []

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of connections that a killed worker has left."""

    @property
    def environment(self) -> dict[str, str]:
        return {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(self.server_address[1]), "EMAIL_USE_TLS": "no"}


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with MailServer() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.answers.set()
        server.shutdown()
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_a_mail_whose_worker_is_killed_is_sent_by_the_next_one(alice, cluster, mail_server):
    add_verified_address(alice)
    worker = cluster.start_worker(**mail_server.environment)
    cluster.start_beat()
    request_reset(alice.email)
    wait_for(mail_server.waiting.is_set, 60, "the connection of the worker")
    worker.kill()
    mail_server.answers.set()
    cluster.start_worker("second", **mail_server.environment)
    wait_for_jobs(60)
    (message,) = mail_server.messages
    assert "To: alice@example.org" in message
    assert not OutgoingMail.objects.exists()
