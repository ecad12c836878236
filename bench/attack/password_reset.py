"""Password resets: the seconds of a request for known and unknown addresses, and the mails that one request causes.

    python -m bench.attack.password_reset

Thirty accounts have the address of one victim, and one of them is called like a host. The mail server takes 50 ms for
each mail. Wanted: the same time for every address, one mail a request at most, and nothing of the account in it.
"""

import os
import random
import socketserver
import statistics
import tempfile
import threading
import time
from pathlib import Path

import django

VICTIM, UNKNOWN = "victim@example.org", "nobody@example.org"
HOST_NAME = "evil.example.org"
ACCOUNTS, REQUESTS = 30, 200
MAIL_SECONDS = 0.05


class MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Mailbox)
        self.messages: list[str] = []


class Mailbox(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self.reply("220 mailbox")
        while line := self.rfile.readline().decode().strip().upper():
            if line == "DATA":
                self.reply("354 go on")
                message = b"".join(iter(self.rfile.readline, b".\r\n")).decode()
                time.sleep(MAIL_SECONDS)
                self.server.messages.append(message)
            self.reply("221 bye" if line == "QUIT" else "250 fine")

    def reply(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


def prepare(folder: Path, port: int) -> None:
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "ENV_FILE": os.devnull,
        "DATABASE_URL": f"sqlite:///{folder / 'bench.sqlite3'}",
        "ALLOWED_HOSTS": "testserver",
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(port),
        "EMAIL_USE_TLS": "no",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "LOGINS_PER_ADDRESS": "1000000",
        "LOGINS_PER_NAME": "1000000",
        "MAILS_PER_ADDRESS": "1000000",
        "LOG_LEVEL": "ERROR",
        "SECURITY_LOG_FILE": os.devnull,
    }
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def add_accounts() -> None:
    from django.contrib.auth.models import User

    for number in range(ACCOUNTS):
        User.objects.create_user(HOST_NAME if number == 0 else f"user{number}", VICTIM, "a-long-password")
    from allauth.account.models import EmailAddress

    EmailAddress.objects.create(user=User.objects.get(username=HOST_NAME), email=VICTIM, verified=True)


def ask(address: str) -> float:
    """Return the seconds of one request."""
    from django.test import Client

    started = time.perf_counter()
    response = Client().post("/password/reset/", {"email": address})
    assert response.status_code == 302
    return time.perf_counter() - started


def run_jobs() -> int:
    """Send what was queued, as a worker would, and return how many jobs there were."""
    import uuid

    from recognizer.models import Job
    from recognizer.services.work import runs

    jobs = list(Job.objects.filter(state=Job.State.WAITING).values_list("pk", flat=True))
    for pk in jobs:
        job = runs.claim_job(pk, message=uuid.uuid4())
        assert job is not None
        runs.run_job(job)
    return len(jobs)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, MailServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        prepare(Path(folder), server.server_address[1])
        add_accounts()
        ask(UNKNOWN)
        run_jobs()
        server.messages.clear()
        known, unknown = [], []
        order = [True, False] * REQUESTS
        random.Random(1).shuffle(order)
        for is_known in order:
            (known if is_known else unknown).append(ask(VICTIM if is_known else UNKNOWN))
        inside = len(server.messages)
        jobs = run_jobs()
        milliseconds = [1000 * statistics.median(times) for times in (known, unknown)]
        print(f"request for a known address     {milliseconds[0]:8.1f} ms (median of {REQUESTS})")
        print(f"request for an unknown address  {milliseconds[1]:8.1f} ms")
        print(f"ratio                           {milliseconds[0] / milliseconds[1]:8.2f}")
        print(f"mails sent inside a request     {inside / REQUESTS:8.1f}")
        print(f"mails of one request in all     {len(server.messages) / REQUESTS:8.1f} ({jobs} jobs)")
        print(f"mails that name the account     {sum(HOST_NAME in message for message in server.messages):8d}")
        server.shutdown()


if __name__ == "__main__":
    main()
