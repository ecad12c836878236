"""Test that a worker that is stopped finishes or releases its job without counting an attempt."""

import signal

import pytest

from recognizer.models import Job
from recognizer.services.reading.predictions import create_prediction
from tests.pictures import varied_pngs
from tests.processes.conftest import check_maps, wait_for, wait_for_jobs

pytestmark = [pytest.mark.processes]


@pytest.mark.parametrize("told", ["the worker", "its children too"])
def test_a_running_job_is_finished_or_released(alice, cluster, media, told):
    """A supervisor may tell the parent alone, or (systemd does) every process of the group.

    A child that is told itself may be just between claiming a job and working on it: then the job comes back by its
    message, or when beat's sweep finds its lease over, and an attempt was counted.
    """
    worker = cluster.start_worker()
    for data in varied_pngs(20, size=100):
        create_prediction(owner=alice, data=data, source="upload", draw_maps=True)
    # A job takes milliseconds: on a busy machine this process may see none that is running.
    wait_for(lambda: Job.objects.filter(started_at__isnull=False).exists(), 60, "the first job")
    if told == "its children too":
        for child in worker.children:
            child.send_signal(signal.SIGTERM)
    worker.stop()
    if told == "the worker":
        assert not Job.objects.filter(state=Job.State.RUNNING).exists()
    cluster.start_worker()  # it sweeps when it starts
    if told == "its children too":
        cluster.start_beat()  # the lease may end after that
    wait_for_jobs(90)
    check_maps(media)
    attempts = list(Job.objects.values_list("attempts", flat=True))
    assert set(attempts) <= ({1} if told == "the worker" else {1, 2})
    assert attempts.count(2) <= 1
