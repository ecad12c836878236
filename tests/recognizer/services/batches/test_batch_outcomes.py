"""What comes out of a batch, and what may be tried again."""

import uuid

import pytest
from django.core.files.base import ContentFile

from recognizer.api import results
from recognizer.models import Batch, BatchItem, Job
from recognizer.problems import Problem
from recognizer.selectors import batch_items_for
from recognizer.services.batches import batch_reading, batches
from recognizer.services.history.bulk_actions import delete_uploads
from recognizer.services.work import jobs
from tests.pictures import digit_png
from tests.recognizer.services.batches.test_archives import zipped

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch(alice, model, media) -> Batch:
    batch = batches.create_batch(owner=alice)
    batches.add_files(batch, [(f"{digit}.png", ContentFile(digit_png(digit, size=60))) for digit in (3, 7)])
    return batch


def read() -> None:
    for job in Job.objects.filter(state=Job.State.WAITING):
        taken = jobs.claim(job.pk, message=uuid.uuid4())
        assert taken
        jobs.run(taken, batch_reading.read_chunk)


def test_the_table_hides_what_its_owner_deleted(batch, alice):
    read()
    _headers, first, second = batches.outcome_rows(batch)
    assert first[4] and second[4]
    delete_uploads(alice, [batch.items.first().upload_id])
    _headers, first, second = batches.outcome_rows(batch)
    assert first == ["1", "3.png", "done", "", "", "", "", ""]
    assert second[4]


def test_the_table_and_the_lines_say_the_same(batch, alice):
    read()
    delete_uploads(alice, [batch.items.first().upload_id])
    items = results.with_answers(batch_items_for(alice, batch))
    texts = [answer.text if (answer := results.answer_of(item)) else "" for item in items]
    assert texts == [row[4] for row in list(batches.outcome_rows(batch))[1:]]


def test_a_cancelled_job_that_is_tried_again_reads_its_pictures(batch):
    jobs.cancel(Job.objects.all())
    assert set(batch.items.values_list("state", "error_code")) == {("failed", "cancelled")}
    jobs.retry(Job.objects.all())
    read()
    assert set(batch.items.values_list("state", "error_code")) == {("done", "")}


def test_what_was_cancelled_with_its_batch_stays_so(batch):
    batches.cancel_batch(batch)
    jobs.cancel(Job.objects.all())
    jobs.retry(Job.objects.all())
    assert set(batch.items.values_list("state", flat=True)) == {BatchItem.State.CANCELLED}


@pytest.mark.parametrize("files", [{}, {"scans/": b""}, {"__MACOSX/._7.png": b"x", ".DS_Store": b"x"}])
def test_a_zip_with_nothing_in_it_makes_no_batch(alice, media, files):
    with pytest.raises(Problem, match="no files in the ZIP") as raised:
        batches.add_files(batches.new_batch(owner=alice), archives=[zipped(files)], close=True)
    assert raised.value.code == "missing_file"
    assert not Batch.objects.exists()
