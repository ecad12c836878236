"""Mails are sent by a job to verified addresses, over a real connection where the server matters."""

import socketserver
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings as django_settings
from django.core import mail as outbox
from django.utils import timezone

from recognizer.models import Job, OutgoingMail
from recognizer.services.people import mail
from recognizer.services.people.account_deletion import request_deletion
from recognizer.services.people.mail import MailKind, send_mail_later
from recognizer.services.work.sweeper import sweep
from tests.recognizer.mails import run_mail_jobs
from tests.servers.ports import reserve_port

pytestmark = pytest.mark.django_db

TEXT = "{% autoescape off %}News of {{ what }}\n\nHello.\n{% endautoescape %}"


@pytest.fixture(autouse=True)
def kind(monkeypatch, settings, tmp_path) -> str:
    """Register a kind of mail with its template."""
    monkeypatch.setattr(mail, "registered", {"test": MailKind("test")})
    monkeypatch.setattr(mail, "mail_server", mail.MailServer())
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "test.txt").write_text(TEXT)
    settings.TEMPLATES = [{**django_settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    return "test"


def add_address(user, email="alice@example.org", *, verified=True) -> None:
    EmailAddress.objects.create(user=user, email=email, verified=verified, primary=True)


def test_a_job_writes_and_sends_the_mail_to_the_verified_address(alice):
    add_address(alice)
    send_mail_later("test", user_id=alice.pk, context={"what": "<Alice>"})
    assert outbox.outbox == []
    run_mail_jobs()
    (sent,) = outbox.outbox
    assert (sent.to, sent.subject, sent.body) == (["alice@example.org"], "News of <Alice>", "Hello.\n")
    assert sent.extra_headers["Auto-Submitted"] == "auto-generated"
    assert Job.objects.get().state == Job.State.DONE
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize("verified", [False, None])
def test_nobody_writes_to_an_address_that_is_not_verified(alice, verified):
    if verified is not None:
        add_address(alice, verified=verified)
    send_mail_later("test", user_id=alice.pk)
    run_mail_jobs()
    assert outbox.outbox == []
    assert not OutgoingMail.objects.exists()


def test_a_given_address_gets_the_mail(alice):
    send_mail_later("test", user_id=alice.pk, address="old@example.org")
    run_mail_jobs()
    assert outbox.outbox[0].to == ["old@example.org"]


def test_a_mail_that_comes_too_late_is_dropped(alice):
    add_address(alice)
    send_mail_later("test", user_id=alice.pk)
    OutgoingMail.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    run_mail_jobs()
    assert outbox.outbox == []
    assert not OutgoingMail.objects.exists()


def test_an_account_under_deletion_gets_no_mail(alice):
    add_address(alice)
    send_mail_later("test", user_id=alice.pk, address="alice@example.org")
    request_deletion(alice)
    run_mail_jobs()
    assert outbox.outbox == []


def test_a_second_delivery_of_the_message_sends_nothing(alice):
    add_address(alice)
    send_mail_later("test", user_id=alice.pk)
    run_mail_jobs()
    Job.objects.update(state=Job.State.WAITING)
    run_mail_jobs()
    assert len(outbox.outbox) == 1


class Refusal(socketserver.StreamRequestHandler):
    """A mail server that refuses a command, such as every recipient, with the server's code."""

    def handle(self) -> None:
        self.wfile.write(b"220 mailbox\r\n")
        while line := self.rfile.readline().upper():
            self.server.commands.append(line)
            self.wfile.write(self.server.code + b" no\r\n" if line.startswith(self.server.refuses) else b"250 fine\r\n")


@pytest.fixture
def refusing_server(settings) -> Iterator[socketserver.TCPServer]:
    with socketserver.TCPServer(("127.0.0.1", 0), Refusal) as server:
        server.code, server.refuses, server.commands = b"550", b"RCPT", []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        use_server(settings, server.server_address[1])
        yield server
        server.shutdown()
        thread.join()


def use_server(settings, port: int) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", port, False


def test_a_refused_mail_fails_and_leaves_no_address_behind(alice, refusing_server):
    add_address(alice)
    send_mail_later("test", user_id=alice.pk)
    for _ in range(3):
        run_mail_jobs()
    job = Job.objects.get()
    assert (job.state, job.error) == (Job.State.FAILED, "MailRefused: SMTPRecipientsRefused 550")
    assert not OutgoingMail.objects.exists()


def test_a_mail_waits_for_a_server_that_asks_to_come_back_later(alice, refusing_server):
    refusing_server.code = b"451"
    add_address(alice)
    send_mail_later("test", user_id=alice.pk)
    run_mail_jobs()
    job = Job.objects.get()
    assert (job.state, job.attempts, job.error) == (Job.State.WAITING, 0, "SMTPRecipientsRefused 451")
    assert job.not_before > timezone.now() + timedelta(seconds=20)
    assert OutgoingMail.objects.exists()


def test_a_mail_waits_until_the_operator_has_corrected_its_sender(alice, refusing_server):
    refusing_server.refuses = b"MAIL"
    add_address(alice)
    send_mail_later("test", user_id=alice.pk)
    run_mail_jobs()
    job = Job.objects.get()
    assert (job.state, job.attempts, job.error) == (Job.State.WAITING, 0, "SMTPSenderRefused 550")
    assert OutgoingMail.objects.exists()


def test_other_mails_leave_a_server_alone_that_did_not_answer(alice, refusing_server):
    refusing_server.code = b"451"
    add_address(alice)
    send_mail_later("test", user_id=alice.pk)
    send_mail_later("test", user_id=alice.pk)
    run_mail_jobs()
    assert len([command for command in refusing_server.commands if command.startswith(b"RCPT")]) == 1
    mail.mail_server.paused_until = 0
    run_mail_jobs()
    assert len([command for command in refusing_server.commands if command.startswith(b"RCPT")]) == 2


def test_a_mail_waits_while_no_server_listens(alice, settings):
    use_server(settings, reserve_port())
    add_address(alice)
    send_mail_later("test", user_id=alice.pk)
    run_mail_jobs()
    assert (Job.objects.get().state, Job.objects.get().error) == (Job.State.WAITING, "ConnectionRefusedError")


def test_a_mail_waits_longer_the_longer_it_has_waited():
    now = timezone.now()
    delays = [mail.delay_of(OutgoingMail(created_at=now - timedelta(minutes=minutes))) for minutes in (0, 4, 60)]
    assert [round(delay.total_seconds()) for delay in delays] == [30, 240, 600]


@pytest.mark.django_db(transaction=True)
def test_the_sweeper_leaves_a_waiting_mail_alone_until_its_time(alice, redis_server):
    send_mail_later("test", user_id=alice.pk)
    job = Job.objects.get()
    redis_server.client().flushall()
    Job.objects.update(enqueued_at=None, not_before=timezone.now() + timedelta(minutes=5))
    assert sweep() == 0
    for due in (timezone.now(), timezone.now() + timedelta(hours=3)):  # a clock that jumped back made the second
        Job.objects.filter(pk=job.pk).update(enqueued_at=None, not_before=due)
        redis_server.client().flushall()
        assert sweep() == 1
