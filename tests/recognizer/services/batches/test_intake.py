"""Tests of the intake of a batch: files and ZIP archives become items and jobs."""

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.db import DatabaseError

from recognizer.models import Batch, IdempotencyRecord, Job, Usage
from recognizer.problems import Problem
from recognizer.queries.selectors import batch_items_for
from recognizer.services.batches import intake
from recognizer.services.batches.chunks import CHUNK_ITEMS
from recognizer.services.batches.progress import progress_of
from recognizer.services.space.sizes import ITEM_BYTES
from recognizer.services.work.queues import BULK
from tests.pictures import digit_png
from tests.recognizer.services.batches.conftest import png_files, stored_files
from tests.recognizer.services.batches.test_archives import zipped

pytestmark = pytest.mark.django_db


def test_files_are_stored_and_queued_in_chunks(batch, media):
    items = intake.add_files(batch, png_files(CHUNK_ITEMS + 3))
    assert [item.position for item in items] == list(range(CHUNK_ITEMS + 3))
    assert len(stored_files(media)) == len(items)
    jobs = Job.objects.filter(kind=Job.Kind.BATCH_CHUNK, batch=batch, queue=BULK)
    assert sorted(job.total for job in jobs) == [3, CHUNK_ITEMS]
    assert sorted(pk for job in jobs for pk in job.payload["ids"]) == sorted(str(item.pk) for item in items)


def test_files_can_be_added_until_the_batch_is_closed(batch, media):
    intake.add_files(batch, png_files(2))
    assert [item.position for item in intake.add_files(batch, png_files(2))] == [2, 3]
    assert progress_of(batch).is_open
    intake.close_batch(batch)
    with pytest.raises(Problem) as raised:
        intake.add_files(batch, png_files(1))
    assert raised.value.code == "conflict"
    assert len(stored_files(media)) == 4


@pytest.mark.parametrize(
    ("data", "code"), [(b"", "empty_file"), (b"text", "unsupported_format"), (b"PK\x03\x04zip", "unsupported_format")]
)
def test_a_file_that_is_no_image_fails_alone_and_is_not_stored(batch, media, data, code):
    bad, good = intake.add_files(batch, [("bad", ContentFile(data)), *png_files(1)])
    assert (bad.state, bad.error_code, bad.staged.name) == ("failed", code, "")
    assert good.state == "waiting"
    assert len(stored_files(media)) == 1


def test_a_file_that_is_too_large_fails_alone(batch, media, monkeypatch):
    monkeypatch.setattr(intake, "MAX_BYTES", 100)
    assert intake.add_files(batch, png_files(1))[0].error_code == "file_too_large"


def test_a_batch_refuses_more_than_its_maximum_of_files(batch, media, monkeypatch):
    monkeypatch.setattr(intake, "MAX_ITEMS", 3)
    intake.add_files(batch, png_files(2))
    with pytest.raises(Problem) as raised:
        intake.add_files(batch, png_files(2))
    assert raised.value.code == "too_many_files"
    assert batch.items.count() == len(stored_files(media)) == 2


def test_a_zip_is_unpacked_and_its_bad_members_fail_alone(batch, media):
    archive = zipped({"../a.png": digit_png(3, size=60), "notes.txt": b"hello", "b.zip": zipped({}).getvalue()})
    items = intake.add_files(batch, archives=[archive])
    assert [(item.name, item.error_code) for item in items] == [
        ("a.png", ""),
        ("notes.txt", "unsupported_format"),
        ("b.zip", "nested_archive"),
    ]
    assert len(stored_files(media)) == 1


def test_a_refused_zip_leaves_no_items_and_no_files(batch, media, monkeypatch):
    monkeypatch.setattr("recognizer.services.batches.archives.UNPACKED_MAX_BYTES", 1000)
    with pytest.raises(Problem):
        intake.add_files(batch, archives=[zipped({"a.png": digit_png(3), "b.png": digit_png(4)})])
    assert not batch.items.exists()
    assert not stored_files(media)


def test_no_file_remains_if_the_rows_are_not_written(batch, media, monkeypatch):
    def fail(*args):
        raise DatabaseError("gone")

    monkeypatch.setattr(intake, "enqueue_chunks", fail)
    with pytest.raises(DatabaseError):
        intake.add_files(batch, png_files(2))
    assert not batch.items.exists()
    assert not stored_files(media)


def test_a_full_disk_is_reported_as_storage_full(batch, media, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FileSystemStorage, "save", full)
    with pytest.raises(Problem) as raised:
        intake.add_files(batch, png_files(1))
    assert raised.value.code == "storage_full"


def test_staged_files_count_towards_the_quota(batch, alice, media):
    items = intake.add_files(batch, png_files(2))
    usage = Usage.objects.get(user=alice)
    assert (usage.pictures, usage.bytes) == (2, sum(item.staged.size + ITEM_BYTES for item in items))


def test_files_beyond_the_quota_are_refused(batch, alice, media, settings):
    settings.QUOTA_PICTURES = 1
    with pytest.raises(Problem) as raised:
        intake.add_files(batch, png_files(2))
    assert raised.value.code == "quota_exceeded"
    assert not stored_files(media)


def test_a_failed_transaction_leaves_no_batch_no_jobs_and_no_files(alice, media):
    lost = IdempotencyRecord(user=alice, key="k-1", fingerprint="x")  # as if another process had taken it over
    batch = intake.new_batch(owner=alice)
    with pytest.raises(Problem) as raised:
        intake.add_files(batch, png_files(2), [zipped({"a.png": digit_png(3, size=60)})], close=True, record=lost)
    assert raised.value.code == "idempotency_key_in_use"
    assert not Batch.objects.exists()
    assert not Job.objects.exists()
    assert not stored_files(media)
    assert not Usage.objects.filter(pictures__gt=0).exists()


def test_a_stranger_sees_no_items(batch, media, bob: User):
    intake.add_files(batch, png_files(1))
    assert batch_items_for(batch.owner, batch).count() == 1
    assert not batch_items_for(bob, batch).exists()
