"""Runs the jobs that send mails, as a worker would, and reads what was sent."""

import re
import uuid

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import User
from django.core import mail

from recognizer.models import Job
from recognizer.services.work import runs


def run_mail_jobs() -> None:
    """Run the waiting mail jobs, each once."""
    waiting = Job.objects.filter(kind=Job.Kind.MAIL, state=Job.State.WAITING)
    for pk in list(waiting.order_by("created_at").values_list("pk", flat=True)):
        job = runs.claim_job(pk, message=uuid.uuid4())
        assert job is not None
        runs.run_job(job)


def sent_mails() -> list[tuple[str, str]]:
    """Send what waits, and return the address and the subject of each mail since the last call."""
    run_mail_jobs()
    sent = [(message.to[0], message.subject) for message in mail.outbox]
    mail.outbox.clear()
    return sent


def sent_link() -> str:
    """Send what waits, and return the path of the link in the newest mail."""
    run_mail_jobs()
    found = re.search(rf"{re.escape(settings.SITE_URL)}(/\S+)", mail.outbox[-1].body)
    assert found
    return found[1]


def add_verified_address(user: User, email: str = "") -> None:
    EmailAddress.objects.create(user=user, email=email or user.email, verified=True, primary=True)
