"""Test that interactive jobs run before batches."""

import pytest
from django.core.files.base import ContentFile

from recognizer.models import Job
from recognizer.services.batches import chunks, intake
from recognizer.services.reading.predictions import create_prediction
from tests.pictures import digit_png, varied_pngs
from tests.processes.conftest import wait_for_jobs

pytestmark = [pytest.mark.processes]


def test_maps_are_drawn_before_a_batch_that_came_first(alice, cluster, media):
    batch = intake.create_batch(owner=alice)
    files = [(f"{n}.png", ContentFile(data)) for n, data in enumerate(varied_pngs(3 * chunks.CHUNK_ITEMS, size=60))]
    intake.add_files(batch, files)
    create_prediction(owner=alice, data=digit_png(7, size=60), source="upload", draw_maps=True)
    cluster.start_worker()
    wait_for_jobs(30)
    assert Job.objects.order_by("started_at").first().kind == Job.Kind.FEATURE_MAPS
