"""Mails. A request or a service queues one with `send_mail_later`; a worker writes it and sends it.

    queued ──▶ written ──▶ sent ──▶ row removed
                 │           └── the mail server does not answer: again later, until the mail expires
                 └── nobody to send it to: row removed

The worker makes links with secrets while it writes the mail, so no secret is stored. A worker that dies between
sending and removing the row leads to a second mail.
"""

import logging
import smtplib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone

from recognizer.models import Job, OutgoingMail
from recognizer.services.account_state import is_being_deleted
from recognizer.services.work import jobs, runs
from recognizer.services.work.queues import INTERACTIVE

logger = logging.getLogger(__name__)

SHORTEST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(minutes=10)
# After a mail server that did not answer, a worker does not try the next mails for this time: each could take ten
# seconds of work that a person waits for.
PAUSE_SECONDS = 30.0


# Errors that EMAIL_HOST, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD or DEFAULT_FROM_EMAIL cause, for every mail.
OF_SETTINGS = (
    smtplib.SMTPAuthenticationError,
    smtplib.SMTPConnectError,
    smtplib.SMTPHeloError,
    smtplib.SMTPSenderRefused,
)


@dataclass(frozen=True, slots=True)
class Letter:
    """The content of a mail for its template, and the address that it goes to."""

    address: str
    context: dict[str, Any] = field(default_factory=dict)


class MailRefused(Exception):
    """Error raised by a mail that the server refuses for good. It names no address."""


class MailServerDown(Exception):
    """Error raised when the mail server does not answer, or asks to come back later."""


def address_letter(mail: OutgoingMail) -> Letter | None:
    """Return the letter to the given address, or to the user's verified one. Return None if there is neither."""
    address = mail.address or verified_address_of(mail.user_id)
    return Letter(address, mail.context) if address else None


@dataclass(frozen=True, slots=True)
class MailKind:
    """One kind of mail. Its text is `templates/mail/NAME.txt`: the subject, an empty line, the body."""

    name: str
    write: Callable[[OutgoingMail], Letter | None] = address_letter
    lifetime: timedelta = timedelta(days=1)  # a mail that could not be sent until then is dropped


registered: dict[str, MailKind] = {}


def register(kind: MailKind) -> None:
    registered[kind.name] = kind


def verified_address_of(user_id: int | None) -> str:
    """Return the verified address of an open account, or an empty string."""
    verified = EmailAddress.objects.filter(user_id=user_id, verified=True, user__is_active=True)
    return verified.order_by("-primary", "pk").values_list("email", flat=True).first() or ""


def absolute_url(path: str) -> str:
    """Return the full address of a page for a mail. It never comes from a request, whose Host header may be forged."""
    return settings.SITE_URL + path


def send_mail_later(
    kind: str, *, user_id: int | None = None, address: str = "", context: dict[str, Any] | None = None
) -> None:
    """Queue one mail to the user's verified address, or to the given one. The text must not need a secret in `context`.

    A user without a verified address gets no mail. A given address must be verified, or be the one to verify.
    """
    lifetime = registered[kind].lifetime
    with transaction.atomic():
        mail = OutgoingMail.objects.create(
            kind=kind, user_id=user_id, address=address, context=context or {}, expires_at=timezone.now() + lifetime
        )
        job = jobs.create_job(Job.Kind.MAIL, INTERACTIVE, payload={"mail": str(mail.pk)})
        job.save(force_insert=True)
        jobs.enqueue_on_commit([job])


def send_mail(job: Job) -> None:
    """Send the mail of a job and remove its row. While the mail server does not answer, the job waits."""
    mail = OutgoingMail.objects.filter(pk=job.payload["mail"]).first()
    letter = mail and write_letter(mail)
    if mail and letter:
        try:
            deliver(mail.kind, letter)
        except MailServerDown as error:
            logger.warning("Mail %s (%s) has to wait: %s", mail.pk, mail.kind, error)
            runs.continue_later(job, delay=delay_of(mail), reason=str(error))
            return
    with runs.finish_job(job):
        remove_mail(job)


def write_letter(mail: OutgoingMail) -> Letter | None:
    """Return the letter of a mail, or None if it came too late or nobody may get it."""
    kind = registered.get(mail.kind)
    if kind is None or mail.expires_at < timezone.now():
        logger.warning("Mail %s (%s) came too late and is dropped", mail.pk, mail.kind)
        return None
    if mail.user_id and is_being_deleted(mail.user_id):
        return None
    return kind.write(mail)


def delay_of(mail: OutgoingMail) -> timedelta:
    """Return how long a mail waits: as long as it has waited already, within limits."""
    return min(LONGEST_DELAY, max(SHORTEST_DELAY, timezone.now() - mail.created_at))


def remove_mail(job: Job) -> None:
    OutgoingMail.objects.filter(pk=job.payload["mail"]).delete()


class MailServer:
    """The connection to the mail server. After a failure it is left alone for a while."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.paused_until = -float("inf")

    def send(self, message: EmailMessage) -> None:
        """Send the message. Raise MailServerDown if the server may take it later, and MailRefused if it never will."""
        if self.clock() < self.paused_until:
            raise MailServerDown("The mail server did not answer a moment ago.")
        try:
            message.send()
        except (smtplib.SMTPException, OSError) as error:
            # The texts of these errors may hold the address, which stays out of job rows and logs.
            reason = describe(error)
            if is_final(error):
                raise MailRefused(reason) from None
            self.paused_until = self.clock() + PAUSE_SECONDS
            raise MailServerDown(reason) from None


mail_server = MailServer()


def deliver(name: str, letter: Letter) -> None:
    """Write the text of a letter from its template and send it."""
    text = render_to_string(f"mail/{name}.txt", letter.context)
    subject, _, body = text.strip().partition("\n")
    headers = {"Auto-Submitted": "auto-generated"}  # no answer that somebody is on holiday
    mail_server.send(EmailMessage(subject.strip(), body.strip() + "\n", to=[letter.address], headers=headers))


def describe(error: Exception) -> str:
    code = smtp_code(error)
    return f"{type(error).__name__}{f' {code}' if code else ''}"


def smtp_code(error: Exception) -> int:
    """Return the status code of the mail server, or 0 without one."""
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return max((code for code, _ in error.recipients.values()), default=0)
    return 0


def is_final(error: Exception) -> bool:
    """Return whether the server refused this mail for good. Wrong settings are for the operator to correct."""
    return not isinstance(error, OF_SETTINGS) and smtp_code(error) >= 500
