"""Many pictures at once: file by file, in chunks, until it is ready or cancelled."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.db import DatabaseError

from recognizer.models import Batch, BatchItem, Job, Upload, Usage
from recognizer.problems import Problem
from recognizer.queues import BULK
from recognizer.services.batches import batches
from tests.pictures import digit_png, varied_pngs
from tests.recognizer.services.batches.test_archives import zipped

pytestmark = pytest.mark.django_db


def given(count: int) -> list[tuple[str, ContentFile]]:
    return [(f"{n}.png", ContentFile(data)) for n, data in enumerate(varied_pngs(count, size=60))]


@pytest.fixture
def batch(alice):
    return batches.create_batch(owner=alice, name="a form")


def files(media: Path) -> list[Path]:
    return [path for path in media.rglob("*") if path.is_file()]


def test_files_are_kept_and_read_in_chunks(batch, media):
    items = batches.add_files(batch, given(batches.CHUNK + 3))
    assert [item.position for item in items] == list(range(batches.CHUNK + 3))
    assert len(files(media)) == len(items)
    chunks = Job.objects.filter(kind=Job.Kind.BATCH_CHUNK, batch=batch, queue=BULK)
    assert sorted(job.total for job in chunks) == [3, batches.CHUNK]
    assert sorted(pk for job in chunks for pk in job.payload["ids"]) == sorted(str(item.pk) for item in items)


def test_more_files_can_be_added_until_it_is_closed(batch, media):
    batches.add_files(batch, given(2))
    assert [item.position for item in batches.add_files(batch, given(2))] == [2, 3]
    assert batches.progress(batch).is_open
    batches.close_batch(batch)
    with pytest.raises(Problem) as raised:
        batches.add_files(batch, given(1))
    assert raised.value.code == "conflict"
    assert len(files(media)) == 4


@pytest.mark.parametrize(
    ("data", "code"), [(b"", "empty_file"), (b"text", "unsupported_format"), (b"PK\x03\x04zip", "unsupported_format")]
)
def test_what_is_no_picture_fails_alone_and_is_not_kept(batch, media, data, code):
    bad, good = batches.add_files(batch, [("bad", ContentFile(data)), *given(1)])
    assert (bad.state, bad.error_code, bad.staged.name) == ("failed", code, "")
    assert good.state == "waiting"
    assert len(files(media)) == 1


def test_a_file_too_large_fails_alone(batch, media, monkeypatch):
    monkeypatch.setattr(batches, "MAX_BYTES", 100)
    assert batches.add_files(batch, given(1))[0].error_code == "file_too_large"


def test_a_batch_takes_so_many_files_and_no_more(batch, media, monkeypatch):
    monkeypatch.setattr(batches, "MAX_ITEMS", 3)
    batches.add_files(batch, given(2))
    with pytest.raises(Problem) as raised:
        batches.add_files(batch, given(2))
    assert raised.value.code == "too_many_files"
    assert batch.items.count() == len(files(media)) == 2


def test_a_zip_is_unpacked_and_its_bad_files_fail_alone(batch, media):
    packed = zipped({"../a.png": digit_png(3, size=60), "notes.txt": b"hello", "b.zip": zipped({}).getvalue()})
    items = batches.add_files(batch, archives=[packed])
    assert [(item.name, item.error_code) for item in items] == [
        ("a.png", ""),
        ("notes.txt", "unsupported_format"),
        ("b.zip", "nested_archive"),
    ]
    assert len(files(media)) == 1


def test_a_refused_zip_leaves_nothing(batch, media, monkeypatch):
    monkeypatch.setattr("recognizer.services.batches.archives.UNPACKED_MAX_BYTES", 1000)
    with pytest.raises(Problem):
        batches.add_files(batch, archives=[zipped({"a.png": digit_png(3), "b.png": digit_png(4)})])
    assert not batch.items.exists()
    assert not files(media)


def test_rows_that_fail_leave_no_file(batch, media, monkeypatch):
    def fail(*args):
        raise DatabaseError("gone")

    monkeypatch.setattr(batches, "read_in_chunks", fail)
    with pytest.raises(DatabaseError):
        batches.add_files(batch, given(2))
    assert not batch.items.exists()
    assert not files(media)


def test_a_full_disk_is_said_in_words(batch, media, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FileSystemStorage, "save", full)
    with pytest.raises(Problem) as raised:
        batches.add_files(batch, given(1))
    assert raised.value.code == "storage_full"


def test_staged_files_count_as_kept(batch, alice, media):
    items = batches.add_files(batch, given(2))
    usage = Usage.objects.get(user=alice)
    assert (usage.pictures, usage.bytes) == (2, sum(item.staged.size for item in items))


def test_a_full_account_is_told_so(batch, alice, media, settings):
    settings.QUOTA_PICTURES = 1
    with pytest.raises(Problem) as raised:
        batches.add_files(batch, given(2))
    assert raised.value.code == "quota_exceeded"
    assert not files(media)


def test_a_batch_is_there_with_all_that_it_was_made_of_or_not_at_all(alice, media):
    def fail():
        raise DatabaseError("gone")

    batch = batches.new_batch(owner=alice)
    with pytest.raises(DatabaseError):
        batches.add_files(batch, given(2), [zipped({"a.png": digit_png(3, size=60)})], close=True, remember=fail)
    assert not Batch.objects.exists()
    assert not Job.objects.exists()
    assert not files(media)
    assert not Usage.objects.filter(pictures__gt=0).exists()


def test_what_is_cancelled_is_not_read(batch, media):
    batches.add_files(batch, given(3))
    assert batches.cancel_batch(batch) == 3
    progress = batches.progress(batch)
    assert (progress.cancelled, progress.waiting, progress.is_ready) == (3, 0, True)
    assert not Upload.objects.exists()


def test_failed_ones_are_tried_again_if_their_file_is_there(batch, media):
    kept, lost = batches.add_files(batch, [*given(1), ("bad.txt", ContentFile(b"text"))])
    BatchItem.objects.filter(pk=kept.pk).update(state="failed", error_code="reader_failed")
    assert batches.retry_failed(batch) == 1
    states = dict(batch.items.values_list("pk", "state"))
    assert states == {kept.pk: "waiting", lost.pk: "failed"}
    assert Job.objects.filter(batch=batch).count() == 2


def test_progress_counts_each_file_once(batch, media):
    items = batches.add_files(batch, [*given(3), ("bad.txt", ContentFile(b"text"))])
    BatchItem.objects.filter(pk=items[0].pk).update(state="done")
    progress = batches.progress(batch)
    assert (progress.total, progress.done, progress.failed, progress.waiting) == (4, 1, 1, 2)
    assert (progress.finished, progress.share, progress.is_ready) == (2, 0.5, False)


def test_nobody_sees_anothers_items(batch, media, bob: User):
    from recognizer.selectors import batch_items_for

    batches.add_files(batch, given(1))
    assert batch_items_for(batch.owner, batch).count() == 1
    assert not batch_items_for(bob, batch).exists()
