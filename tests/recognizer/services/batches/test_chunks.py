"""Tests of reading a chunk of a batch, as the worker does."""

from pathlib import Path

import pytest
from django.core.files.base import ContentFile

from mlcore.reading.engine import Engine
from mlcore.reading.reader import Reader
from recognizer.models import BatchItem, Job, Prediction, Upload
from recognizer.services.batches import chunks, control, intake
from recognizer.services.batches.progress import progress_of
from recognizer.services.batches.reading_again import read_batch_again
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.space.purge import purge
from recognizer.services.work import jobs, runs
from tests.pictures import digit_png, varied_pngs
from tests.recognizer.services.batches.conftest import claim, run_waiting_jobs

pytestmark = pytest.mark.django_db


def add(batch, *pictures: bytes) -> list[BatchItem]:
    return intake.add_files(batch, [(f"{n}.png", ContentFile(data)) for n, data in enumerate(pictures)])


def test_each_file_becomes_an_upload_with_a_prediction(batch, alice, media):
    pictures = list(varied_pngs(5, size=200))
    items = add(batch, *pictures)
    run_waiting_jobs()
    for item, data in zip(batch.items.all(), pictures, strict=True):
        prediction = Prediction.objects.get(upload=item.upload)
        assert (item.state, item.attempts, item.staged.name) == ("done", 1, "")
        assert (item.upload.owner, item.upload.source, item.upload.name) == (alice, "batch", item.name)
        assert item.upload.original.open("rb").read() == data
        assert item.upload.thumbnail.size
        assert prediction.text == "".join(str(glyph.digit) for glyph in prediction.glyphs.all())
    assert {upload.pk for upload in Upload.objects.all()} == {item.pk for item in items}


def test_a_batch_reads_an_image_as_a_single_request_does(batch, alice, media):
    data = digit_png(7, size=300, seed=3)
    single = create_prediction(owner=alice, data=data, source="upload")
    add(batch, data, *varied_pngs(3, size=300))
    run_waiting_jobs()
    batched = Prediction.objects.get(upload__batch_item__position=0)
    assert (batched.text, batched.decision) == (single.text, single.decision)
    assert batched.confidence == pytest.approx(single.confidence, abs=1e-4)


def test_the_network_is_called_once_per_chunk(batch, media, monkeypatch):
    sizes = []
    classify = Engine.classify
    monkeypatch.setattr(Engine, "classify", lambda self, inputs: sizes.append(len(inputs)) or classify(self, inputs))
    add(batch, *varied_pngs(6, size=100))
    run_waiting_jobs()
    assert len(sizes) == 1
    assert sizes[0] >= 6


def test_a_damaged_image_fails_alone_with_its_error_code(batch, media):
    add(batch, digit_png(7)[:300], digit_png(8))
    run_waiting_jobs()
    assert [(item.state, item.error_code) for item in batch.items.all()] == [("failed", "corrupt_image"), ("done", "")]
    assert batch.items.first().staged.name  # kept for a retry


def test_no_feature_maps_are_requested(batch, media):
    add(batch, digit_png(7))
    run_waiting_jobs()
    assert not Job.objects.filter(kind=Job.Kind.FEATURE_MAPS).exists()


def test_a_batch_wanted_in_another_way_while_it_is_read_is_read_in_that_way(batch, alice, media, monkeypatch):
    add(batch, digit_png(3), digit_png(7))
    read_pictures = Reader.read_pictures
    modes = []

    def change_the_mode(self, pictures, mode, **options):
        if not modes:
            read_batch_again(alice, batch, mode="number")
        modes.append(mode)
        return read_pictures(self, pictures, mode, **options)

    monkeypatch.setattr(Reader, "read_pictures", change_the_mode)
    run_waiting_jobs()
    assert modes == ["auto", "number"]
    assert list(Prediction.objects.values_list("mode", "stream__mode", "is_current")) == 2 * [
        ("number", "number", True)
    ]
    assert progress_of(batch).done == 2


def test_items_cancelled_while_they_are_read_leave_no_rows(batch, media):
    add(batch, digit_png(7), digit_png(8))
    job = claim(Job.objects.get())
    finish_job = runs.finish_job

    def finish_after_cancellation(job):
        control.cancel_batch(batch)
        return finish_job(job)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "finish_job", finish_after_cancellation)
        runs.run_job(job)
    assert not Upload.objects.exists()
    assert progress_of(batch).cancelled == 2


def test_a_chunk_that_raises_is_split_into_its_items(batch, media, monkeypatch):
    decode = chunks.decode
    poison = digit_png(9, seed=1)

    def fail(data):
        if data == poison:
            raise ZeroDivisionError("a defect")
        return decode(data)

    monkeypatch.setattr(chunks, "decode", fail)
    add(batch, digit_png(1), poison, digit_png(2))
    run_waiting_jobs()
    assert [item.state for item in batch.items.all()] == ["done", "failed", "done"]
    failed = Job.objects.get(state=Job.State.FAILED)
    assert (failed.attempts, batch.items.get(position=1).error_code) == (3, "reader_failed")
    assert "ZeroDivisionError: a defect" in failed.error


def test_a_chunk_that_runs_twice_is_stored_once(batch, media):
    add(batch, digit_png(7))
    job = Job.objects.get()
    run_waiting_jobs()
    before = sorted(str(path) for path in media.rglob("*"))
    Job.objects.filter(pk=job.pk).update(state=Job.State.WAITING)
    run_waiting_jobs()
    assert Upload.objects.count() == Prediction.objects.count() == 1
    assert sorted(str(path) for path in media.rglob("*")) == before


def test_files_that_could_not_be_read_are_purged_after_the_retention_time(batch, media, settings):
    add(batch, digit_png(7)[:300], digit_png(8))
    run_waiting_jobs()
    purge()
    assert batch.items.exclude(staged="").exists()
    settings.DELETED_UPLOADS_KEPT_DAYS = 0
    purge()
    assert not batch.items.exclude(staged="").exists()
    staged = Path(media / "batches" / str(batch.pk))
    assert [path.name for path in staged.iterdir()] == [str(batch.items.get(position=1).pk)]


def test_a_job_that_fails_for_good_fails_its_items_and_a_retry_resets_them(batch):
    (item,) = add(batch, digit_png(7))
    Job.objects.update(attempts=3)
    jobs.fail_jobs(Job.objects.all(), "It died.")
    item.refresh_from_db()
    assert (item.state, item.error_code, item.attempts) == ("failed", "reader_failed", 3)
    jobs.retry_jobs(Job.objects.all())
    item.refresh_from_db()
    assert (item.state, item.error_code, item.attempts) == ("waiting", "", 0)
