"""Fixtures and helpers of the tests of batches."""

import uuid
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile

from recognizer.models import Batch, Job, ModelVersion
from recognizer.services.batches import intake
from recognizer.services.work import runs
from tests.pictures import varied_pngs


@pytest.fixture
def batch(alice: User, model: ModelVersion, media: Path) -> Batch:
    return intake.create_batch(owner=alice)


def png_files(count: int) -> list[tuple[str, ContentFile]]:
    return [(f"{n}.png", ContentFile(data)) for n, data in enumerate(varied_pngs(count, size=60))]


def stored_files(media: Path) -> list[Path]:
    return [path for path in media.rglob("*") if path.is_file()]


def claim(job: Job) -> Job:
    claimed = runs.claim_job(job.pk, message=uuid.uuid4())
    assert claimed
    return claimed


def run_waiting_jobs() -> None:
    """Run every waiting job, also those that a run creates, as a worker does."""
    for _ in range(100):
        job = Job.objects.filter(state=Job.State.WAITING).first()
        if job is None:
            return
        runs.run_job(claim(job))
    pytest.fail("Jobs still wait after 100 runs.")
