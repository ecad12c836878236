"""A picture that holds its reader up: asked to stop, then killed, and its neighbours are read."""

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

# The long form runs with the limits as they are: 20 and 30 seconds.
LIMITS = sized({"JOB_SOFT_LIMIT_SECONDS": "3", "JOB_HARD_LIMIT_SECONDS": "5"}, {})


def test_who_listens_is_asked_to_stop_and_says_why(alice, cluster, media):
    read_beside(SLOW, alice, cluster, seconds=sized(120, 150))
    assert "SoftTimeLimitExceeded" in Job.objects.get(state=Job.State.FAILED).error


@pytest.mark.parametrize("mark", [STUBBORN, DEAF])
def test_who_does_not_listen_is_ended(alice, cluster, media, mark):
    """By a signal that Python still hears, or by one that nobody does; then the lease has to run out each time."""
    read_beside(SLOW + mark, alice, cluster, seconds=sized(250, 250))
    assert Job.objects.get(state=Job.State.FAILED).error == runs.WORKER_DIED


def read_beside(mark: bytes, alice, cluster, *, seconds: float) -> None:
    """One picture that holds its reader up, beside one that does not."""
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
