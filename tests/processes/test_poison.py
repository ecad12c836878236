"""Test of an image that kills the process that opens it."""

import pytest
from django.core.files.base import ContentFile

from recognizer.models import BatchItem, Job, Upload
from recognizer.services.batches import intake
from recognizer.services.batches.progress import progress_of
from tests.pictures import varied_pngs
from tests.processes.conftest import sized, wait_for
from tests.processes.storages import POISON

pytestmark = [pytest.mark.processes]


def test_only_the_image_at_fault_fails(alice, cluster, media):
    cluster.start_worker(MEDIA_STORAGE="tests.processes.storages.PoisonedStorage")
    cluster.start_beat()
    count = sized(20, 100)
    files = [(f"{n}.png", ContentFile(data)) for n, data in enumerate(varied_pngs(count, size=100))]
    files.insert(7, ("poison.png", ContentFile(next(varied_pngs(1, size=100)) + POISON)))
    batch = intake.create_batch(owner=alice)
    intake.add_files(batch, files)
    intake.close_batch(batch)
    wait_for(lambda: progress_of(batch).is_ready, sized(60, 240), "the batch")
    failed = batch.items.get(state=BatchItem.State.FAILED)
    assert (failed.name, failed.error_code, failed.attempts) == ("poison.png", "reader_failed", 3)
    assert progress_of(batch).done == Upload.objects.count() == count
    assert Job.objects.get(state=Job.State.FAILED).error
