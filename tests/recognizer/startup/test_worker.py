"""Tests of the start of a real worker."""

import pytest

from recognizer.models import Job
from recognizer.services.reading.predictions import create_prediction
from tests.pictures import digit_png
from tests.servers.process import wait_until


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_it_sweeps_without_beat(request, redis_server, model, alice, media):
    create_prediction(owner=alice, data=digit_png(7), source="upload", draw_maps=True)
    redis_server.client().flushall()
    assert Job.objects.update(enqueued_at=None) == 1
    request.getfixturevalue("worker")
    wait_until(lambda: Job.objects.get().state == Job.State.DONE, seconds=60, what="the job that was never sent")
