"""Test that two workers and several sweepers draw each feature map once."""

from collections import Counter

import pytest

from recognizer.models import Job
from recognizer.services.reading.predictions import create_prediction
from tests.pictures import varied_pngs
from tests.processes.conftest import check_maps, sized, wait_for_jobs

pytestmark = [pytest.mark.processes]


def test_two_workers_draw_each_map_once(alice, cluster, media, tmp_path):
    log = tmp_path / "saved"
    counting = {"MEDIA_STORAGE": "tests.processes.storages.CountingStorage", "SAVED_NAMES": str(log)}
    for name in ("one", "two"):
        cluster.start_worker(name, **counting)
    cluster.start_beat()
    for data in varied_pngs(sized(30, 1000), size=100):
        create_prediction(owner=alice, data=data, source="upload", draw_maps=True)
    wait_for_jobs(sized(60, 600))
    check_maps(media)
    saved = Counter(log.read_text().splitlines())
    assert len(saved) == sum(saved.values())
    assert set(Job.objects.values_list("attempts", flat=True)) == {1}
