"""Test that interactive jobs run before batches, and that accounts share the time for batches."""

import pytest
from django.core.files.base import ContentFile

from recognizer.models import Job
from recognizer.services.batches import chunks, intake
from recognizer.services.reading.predictions import create_prediction
from tests.documents import pdf_of
from tests.pictures import digit_png, varied_pngs
from tests.processes.conftest import sized, wait_for, wait_for_jobs

pytestmark = [pytest.mark.processes]


def test_maps_are_drawn_before_a_batch_that_came_first(alice, cluster, media):
    batch = intake.create_batch(owner=alice)
    files = [(f"{n}.png", ContentFile(data)) for n, data in enumerate(varied_pngs(3 * chunks.CHUNK_ITEMS, size=60))]
    intake.add_files(batch, files)
    create_prediction(owner=alice, data=digit_png(7, size=60), source="upload", draw_maps=True)
    cluster.start_worker()
    wait_for_jobs(30)
    assert Job.objects.order_by("started_at").first().kind == Job.Kind.FEATURE_MAPS


def test_the_documents_of_one_account_do_not_hold_the_queue_for_another(alice, bob, cluster, media):
    count = sized(60, 1000)
    data = pdf_of("4071" if count == 60 else "4071" * 5)
    documents = intake.create_batch(owner=alice)
    intake.add_files(documents, [(f"{n}.pdf", ContentFile(data)) for n in range(count)], close=True)
    other = intake.create_batch(owner=bob)
    intake.add_files(other, [("7.png", ContentFile(digit_png(7, size=60)))], close=True)
    openings = list(documents.jobs.values_list("pk", flat=True))
    cluster.start_worker()
    wait_for(lambda: other.items.get().state == "done", 120, "the picture of the other account")
    opened = Job.objects.filter(pk__in=openings, finished_at__lt=other.jobs.get().finished_at).count()
    print(f"The picture of the other account was read after {opened} of {count} documents.")
    assert len(openings) == count
    assert opened < count / 2
