"""Runs the jobs that delete accounts, as a worker would, and what they leave."""

import uuid
from pathlib import Path

from recognizer.models import AccountDeletion, Job
from recognizer.services.work import runs


def run_deletions() -> None:
    """Run the waiting deletions, each once."""
    waiting = Job.objects.filter(kind=Job.Kind.ACCOUNT_DELETION, state=Job.State.WAITING)
    for pk in list(waiting.values_list("pk", flat=True)):
        job = runs.claim_job(pk, message=uuid.uuid4())
        assert job is not None
        runs.run_job(job)


def is_finished(owner_id: int) -> bool:
    return AccountDeletion.objects.get(owner_id=owner_id).finished_at is not None


def files_in(media: Path) -> list[str]:
    return sorted(str(path.relative_to(media)) for path in media.rglob("*") if path.is_file())
