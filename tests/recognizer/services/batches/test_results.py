"""Tests of the results of a batch and of retrying its jobs."""

import json

import pytest
from django.core.files.base import ContentFile

from recognizer.bodies.plain import write
from recognizer.models import Batch, BatchItem, Job, Prediction
from recognizer.problems import Problem
from recognizer.queries.selectors import batch_items_for
from recognizer.services.batches import control, intake
from recognizer.services.batches.results import batch_lines, batch_rows
from recognizer.services.history.bulk_actions import delete_uploads
from recognizer.services.work import jobs
from tests.pictures import digit_png
from tests.recognizer.services.batches.conftest import run_waiting_jobs
from tests.recognizer.services.batches.test_archives import zipped

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch(alice, model, media) -> Batch:
    batch = intake.create_batch(owner=alice)
    intake.add_files(batch, [(f"{digit}.png", ContentFile(digit_png(digit, size=60))) for digit in (3, 7)])
    return batch


def test_the_table_hides_deleted_uploads(batch, alice):
    run_waiting_jobs()
    first, second = batch_rows(batch.items.all(), str)
    assert first.text and second.text
    delete_uploads(alice, [batch.items.first().upload_id])
    first, second = batch_rows(batch.items.all(), str)
    filled = {name: value for name, value in write(first).items() if value}
    assert filled == {"position": 1, "file": "3.png", "state": "done"}
    assert second.text


def test_the_table_and_the_json_lines_show_the_same_texts(batch, alice):
    run_waiting_jobs()
    delete_uploads(alice, [batch.items.first().upload_id])
    items = batch_items_for(alice, batch)
    lines = [json.loads(line) for line in batch_lines(items, str)]
    rows = [write(row) for row in batch_rows(items, str)]
    assert [line.get("text") for line in lines] == [row["text"] for row in rows]
    assert [row for line in lines for row in line["rows"]] == rows


def test_a_cancelled_job_that_is_retried_reads_its_items(batch):
    jobs.cancel_jobs(Job.objects.all())
    assert set(batch.items.values_list("state", "error_code")) == {("failed", "cancelled")}
    jobs.retry_jobs(Job.objects.all())
    run_waiting_jobs()
    assert set(batch.items.values_list("state", "error_code")) == {("done", "")}


def test_items_cancelled_with_their_batch_are_not_retried_with_their_job(batch):
    control.cancel_batch(batch)
    jobs.cancel_jobs(Job.objects.all())
    jobs.retry_jobs(Job.objects.all())
    assert set(batch.items.values_list("state", flat=True)) == {BatchItem.State.CANCELLED}


def test_the_table_lists_all_files(alice, model, media):
    batch = intake.create_batch(owner=alice)
    contents = [digit_png(7, size=300), b"\x89PNG\r\n\x1a\n"]
    intake.add_files(batch, [(f"{n}.png", ContentFile(data)) for n, data in enumerate(contents)])
    run_waiting_jobs()
    good, bad = batch_rows(batch.items.all(), str)
    prediction = Prediction.objects.get()
    assert (good.position, good.file, good.state, good.error) == (1, "0.png", "done", None)
    assert (good.text, good.decision, good.prediction) == (prediction.text, prediction.decision, prediction.pk)
    assert good.final == prediction.written and good.link == f"/uploads/{prediction.upload_id}/"
    filled = {name: value for name, value in write(bad).items() if value}
    assert filled == {"position": 2, "file": "1.png", "state": "failed", "error": "corrupt_image"}


@pytest.mark.parametrize("files", [{}, {"scans/": b""}, {"__MACOSX/._7.png": b"x", ".DS_Store": b"x"}])
def test_a_zip_without_files_creates_no_batch(alice, media, files):
    with pytest.raises(Problem, match="contains no files") as raised:
        intake.add_files(intake.new_batch(owner=alice), archives=[zipped(files)], close=True)
    assert raised.value.code == "missing_file"
    assert not Batch.objects.exists()
