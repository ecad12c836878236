"""Tests of the mail settings, over a real connection."""

import os
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from config.addresses import site_url
from tests.surroundings import ROOT

URL = "https://digits.example.org/"


class Mailbox(socketserver.StreamRequestHandler):
    """A mail server on the same machine that accepts one message."""

    def handle(self) -> None:
        self.reply("220 mailbox")
        while line := self.rfile.readline().decode().strip().upper():
            if line == "DATA":
                self.reply("354 go on")
                self.server.messages.append(b"".join(iter(self.rfile.readline, b".\r\n")).decode())
            self.reply("221 bye" if line == "QUIT" else "250 fine")

    def reply(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@pytest.fixture
def mailbox() -> Iterator[socketserver.TCPServer]:
    with socketserver.TCPServer(("127.0.0.1", 0), Mailbox) as server:
        server.messages = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False)


def test_with_a_host_mail_is_sent_to_it(mailbox):
    host, port = mailbox.server_address
    manage("sendtestemail", "alice@example.org", EMAIL_HOST=host, EMAIL_PORT=str(port), EMAIL_USE_TLS="no")
    (message,) = mailbox.messages
    assert "To: alice@example.org" in message
    assert "From: digitscribe@localhost" in message


def test_without_a_host_mail_is_printed():
    assert "To: alice@example.org" in manage("sendtestemail", "alice@example.org").stdout


def test_both_kinds_of_encryption_at_once_stop_the_start():
    ended = manage("check", EMAIL_USE_TLS="yes", EMAIL_USE_SSL="yes")
    assert ended.returncode != 0
    assert "EMAIL_USE_TLS and EMAIL_USE_SSL cannot both be on" in ended.stderr


@pytest.mark.parametrize(
    ("hosts", "https", "url"),
    [
        (["digits.example.org", "localhost"], True, "https://digits.example.org"),
        (["digits.local"], False, "http://digits.local:8080"),
        ([".example.org", "www.example.org"], True, "https://www.example.org"),
        (["*"], False, "http://localhost:8080"),
        (["[::1]"], False, "http://[::1]:8080"),
    ],
)
def test_links_in_mails_lead_to_the_first_name_of_the_server(hosts, https, url):
    assert site_url(hosts, https=https, port=8080) == url


def test_the_address_in_mails_can_be_set():
    shown = manage("shell", "-v0", "-c", "from django.conf import settings; print(settings.SITE_URL)", SITE_URL=URL)
    assert shown.stdout.strip() == URL.rstrip("/")
