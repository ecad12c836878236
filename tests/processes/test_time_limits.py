"""Tests of an image that takes too long: its job is interrupted or killed, and the other images are read."""

import pytest
from django.core.files.base import ContentFile

from recognizer.models import Job
from recognizer.services.batches import intake
from recognizer.services.batches.progress import progress_of
from recognizer.services.work import runs
from tests.pictures import digit_png
from tests.processes.conftest import sized, wait_for
from tests.processes.storages import DEAF, SLOW, STUBBORN

pytestmark = [pytest.mark.processes]

# The long form runs with the default limits of 20 and 30 seconds.
LIMITS = sized({"JOB_SOFT_LIMIT_SECONDS": "3", "JOB_HARD_LIMIT_SECONDS": "5"}, {})


def test_a_job_is_interrupted_at_the_soft_limit_and_keeps_the_reason(alice, cluster, media):
    read_beside(SLOW, alice, cluster, seconds=sized(120, 150))
    assert "SoftTimeLimitExceeded" in Job.objects.get(state=Job.State.FAILED).error


@pytest.mark.parametrize("mark", [STUBBORN, DEAF])
def test_a_job_that_ignores_the_soft_limit_is_ended(alice, cluster, media, mark):
    """SIGTERM ends the first one. The second one ignores it, is killed, and waits for the end of its lease."""
    read_beside(SLOW + mark, alice, cluster, seconds=sized(250, 250))
    assert Job.objects.get(state=Job.State.FAILED).error == runs.WORKER_DIED


def read_beside(mark: bytes, alice, cluster, *, seconds: float) -> None:
    """Read a batch of an image that takes too long and one that does not."""
    cluster.environment |= LIMITS
    cluster.start_worker(MEDIA_STORAGE="tests.processes.storages.SlowStorage")
    cluster.start_beat()
    batch = intake.create_batch(owner=alice)
    pictures = [digit_png(1, size=100) + mark, digit_png(2, size=100)]
    intake.add_files(batch, [(f"{n}.png", ContentFile(data)) for n, data in enumerate(pictures)])
    intake.close_batch(batch)
    wait_for(lambda: progress_of(batch).is_ready, seconds, "the batch")
    states = [(item.state, item.error_code) for item in batch.items.all()]
    assert states == [("failed", "reader_failed"), ("done", "")]
    assert Job.objects.get(state=Job.State.FAILED).attempts == 3
