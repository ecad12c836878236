"""A chunk of a batch as the worker reads it."""

import uuid
from pathlib import Path

import pytest
from django.core.files.base import ContentFile

from mlcore.reading.engine import Engine
from recognizer.models import BatchItem, Job, Prediction, Upload
from recognizer.services.batches import batch_reading, batches
from recognizer.services.space.purge import purge
from recognizer.services.work import jobs
from tests.pictures import digit_png, varied_pngs

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch(alice, model):
    return batches.create_batch(owner=alice)


def claimed(job: Job) -> Job:
    taken = jobs.claim(job.pk, message=uuid.uuid4())
    assert taken
    return taken


def read(batch) -> None:
    """All that waits, as a worker would."""
    while job := Job.objects.filter(state=Job.State.WAITING).first():
        jobs.run(claimed(job), batch_reading.read_chunk)


def add(batch, *pictures: bytes) -> list[BatchItem]:
    return batches.add_files(batch, [(f"{n}.png", ContentFile(data)) for n, data in enumerate(pictures)])


def test_each_file_becomes_an_upload_with_its_answer(batch, alice, media):
    pictures = list(varied_pngs(5, size=200))
    items = add(batch, *pictures)
    read(batch)
    for item, data in zip(batch.items.all(), pictures, strict=True):
        prediction = Prediction.objects.get(upload=item.upload)
        assert (item.state, item.attempts, item.staged.name) == ("done", 1, "")
        assert (item.upload.owner, item.upload.source, item.upload.name) == (alice, "batch", item.name)
        assert item.upload.original.open("rb").read() == data
        assert item.upload.thumbnail.size
        assert prediction.text == "".join(str(glyph.digit) for glyph in prediction.glyphs.all())
    assert {upload.pk for upload in Upload.objects.all()} == {item.pk for item in items}


def test_a_batch_answers_as_one_picture_does(batch, alice, media):
    from recognizer.services.reading.predictions import create_prediction

    data = digit_png(7, size=300, seed=3)
    alone = create_prediction(owner=alice, data=data, source="upload")
    add(batch, data, *varied_pngs(3, size=300))
    read(batch)
    together = Prediction.objects.get(upload__batch_item__position=0)
    assert (together.text, together.decision) == (alone.text, alone.decision)
    assert together.confidence == pytest.approx(alone.confidence, abs=1e-4)


def test_the_network_is_called_once_a_chunk(batch, media, monkeypatch):
    sizes = []
    classify = Engine.classify
    monkeypatch.setattr(Engine, "classify", lambda self, inputs: sizes.append(len(inputs)) or classify(self, inputs))
    add(batch, *varied_pngs(6, size=100))
    read(batch)
    assert len(sizes) == 1
    assert sizes[0] >= 6


def test_a_damaged_picture_fails_with_its_reason_alone(batch, media):
    add(batch, digit_png(7)[:300], digit_png(8))
    read(batch)
    assert [(item.state, item.error_code) for item in batch.items.all()] == [("failed", "corrupt_image"), ("done", "")]
    assert batch.items.first().staged.name  # for another try


def test_no_map_is_drawn_before_somebody_looks(batch, media):
    add(batch, digit_png(7))
    read(batch)
    assert not Job.objects.filter(kind=Job.Kind.FEATURE_MAPS).exists()


def test_what_was_cancelled_meanwhile_leaves_no_row(batch, media):
    add(batch, digit_png(7), digit_png(8))
    job = claimed(Job.objects.get())
    finishing = jobs.finishing

    def cancelled_first(job):
        batches.cancel_batch(batch)
        return finishing(job)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "finishing", cancelled_first)
        jobs.run(job, batch_reading.read_chunk)
    assert not Upload.objects.exists()
    assert batches.progress(batch).cancelled == 2


def test_a_chunk_that_raises_is_tried_picture_by_picture(batch, media, monkeypatch):
    decode = batch_reading.decode
    poison = digit_png(9, seed=1)

    def fail(data):
        if data == poison:
            raise ZeroDivisionError("a defect")
        return decode(data)

    monkeypatch.setattr(batch_reading, "decode", fail)
    add(batch, digit_png(1), poison, digit_png(2))
    read(batch)
    assert [item.state for item in batch.items.all()] == ["done", "failed", "done"]
    failed = Job.objects.get(state=Job.State.FAILED)
    assert (failed.attempts, batch.items.get(position=1).error_code) == (3, "reader_failed")
    assert "ZeroDivisionError: a defect" in failed.error


def test_a_chunk_done_twice_is_there_once(batch, media):
    add(batch, digit_png(7))
    job = Job.objects.get()
    read(batch)
    before = sorted(str(path) for path in media.rglob("*"))
    Job.objects.filter(pk=job.pk).update(state=Job.State.WAITING)
    read(batch)
    assert Upload.objects.count() == Prediction.objects.count() == 1
    assert sorted(str(path) for path in media.rglob("*")) == before


def test_the_outcome_is_a_table_of_all_files(batch, media):
    add(batch, digit_png(7, size=300), b"\x89PNG\r\n\x1a\n")
    read(batch)
    header, good, bad = batches.outcome_rows(batch)
    assert header == batches.HEADERS
    answer = Prediction.objects.get()
    assert good == ["1", "0.png", "done", "", answer.text, answer.decision, f"{answer.confidence:.4f}", str(answer.pk)]
    assert bad == ["2", "1.png", "failed", "corrupt_image", "", "", "", ""]


def test_files_that_were_not_read_are_purged_in_time(batch, media, settings):
    add(batch, digit_png(7)[:300], digit_png(8))
    read(batch)
    purge()
    assert batch.items.exclude(staged="").exists()
    settings.DELETED_UPLOADS_KEPT_DAYS = 0
    purge()
    assert not batch.items.exclude(staged="").exists()
    staged = Path(media / "batches" / str(batch.pk))
    assert [path.name for path in staged.iterdir()] == [str(batch.items.get(position=1).pk)]
