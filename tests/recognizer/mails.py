"""Runs the jobs that send mails, as a worker would."""

import uuid

from recognizer.models import Job
from recognizer.services.work import runs


def run_mail_jobs() -> None:
    """Run the waiting mail jobs, each once."""
    waiting = Job.objects.filter(kind=Job.Kind.MAIL, state=Job.State.WAITING)
    for pk in list(waiting.order_by("created_at").values_list("pk", flat=True)):
        job = runs.claim_job(pk, message=uuid.uuid4())
        assert job is not None
        runs.run_job(job)
