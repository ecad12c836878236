"""Tests that neither web server nor worker loads TensorFlow, which takes 700 MB and hangs after a fork."""

import httpx
import psutil
import pytest

from recognizer.models import Job
from recognizer.services.reading.predictions import create_prediction
from tests.pictures import digit_png
from tests.servers.process import wait_until

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]

HEAVY = ("tensorflow", "keras")


def mapped_libraries(process: psutil.Process) -> set[str]:
    return {mapped.path for mapped in process.memory_maps()}


def test_the_web_process_reads_pictures_without_tensorflow(server, alice_token):
    answer = httpx.post(
        f"{server.url}/api/v1/predictions/", files={"image": digit_png(7)}, headers=alice_token, timeout=30
    )
    assert answer.status_code == 201
    loaded = set.union(*(mapped_libraries(process) for process in psutil.Process(server.pid).children()))
    assert any("onnxruntime" in path for path in loaded)  # this process has read the picture
    assert not [path for path in loaded if any(name in path for name in HEAVY)]


def test_the_worker_draws_maps_without_tensorflow(worker, alice):
    prediction = create_prediction(owner=alice, data=digit_png(3), source="upload", draw_maps=True)
    job = prediction.jobs.get()
    wait_until(lambda: Job.objects.get(pk=job.pk).state == Job.State.DONE, seconds=30, what="the maps")
    (child,) = worker.children
    loaded = mapped_libraries(child)
    assert any("onnxruntime" in path for path in loaded)
    assert not [path for path in loaded if any(name in path for name in HEAVY)]
