"""Removing uploads frees their space exactly once, and what fails to be deleted stops nothing else."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from recognizer.models import Batch, BatchItem, IdempotencyRecord, Job, Prediction, Upload, Usage
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.space import purge
from recognizer.services.space.purge import delete_files_on_commit, remove_uploads
from tests.pictures import varied_pngs

pytestmark = pytest.mark.django_db


def test_removing_the_same_uploads_twice_frees_their_space_once(alice, model, media):
    for data in varied_pngs(3, size=60):
        create_prediction(owner=alice, data=data, source=Upload.Source.API)
    *removed, kept = Upload.objects.all()
    remove_uploads(removed)
    remove_uploads(removed)  # like a second purge that had listed them before

    assert Prediction.objects.get().upload == kept
    usage = Usage.objects.get(user=alice)
    assert (usage.pictures, usage.bytes) == (1, kept.stored_bytes)


@pytest.mark.django_db(transaction=True)
def test_files_that_cannot_be_deleted_after_a_commit_stop_nothing_else(monkeypatch):
    def fail(names):
        raise RuntimeError("The storage is gone.")

    monkeypatch.setattr(purge, "delete_files", fail)
    done = []
    with transaction.atomic():
        delete_files_on_commit(["uploads/ab/1/original"])
        transaction.on_commit(lambda: done.append("another"))
    assert done == ["another"]


LONG_AGO = timezone.now() - timedelta(days=31)


def finished(kind: str, **fields) -> Job:
    return Job.objects.create(**{"kind": kind, "queue": "q", "state": "done", "finished_at": LONG_AGO, **fields})


def test_finished_jobs_are_purged_unless_something_refers_to_them(alice):
    for state in ("done", "failed"):
        for kind in ("mail", "rescore", "account_deletion"):
            finished(kind, state=state)
    kept = [
        finished("rescore", batch=Batch.objects.create(owner=alice)),
        finished("mail", finished_at=timezone.now() - timedelta(days=29)),
        finished("mail", state="waiting", finished_at=None),
        finished("table_export"),
        finished("training"),
    ]
    purge.purge()
    assert set(Job.objects.all()) == set(kept)


def add_records(user, number: int) -> None:
    IdempotencyRecord.objects.bulk_create(
        IdempotencyRecord(user=user, key=str(n), fingerprint="", created_at=LONG_AGO) for n in range(number)
    )


def test_a_purge_ends_with_its_time_and_goes_on_with_the_next_one(alice, monkeypatch):
    for name in ("ROWS_AT_ONCE", "CHUNK_SIZE"):
        monkeypatch.setattr(purge, name, 2)
    add_records(alice, 5)
    for _ in range(3):
        finished("mail")
    batch = Batch.objects.create(owner=alice, created_at=LONG_AGO)
    BatchItem.objects.bulk_create(
        BatchItem(batch=batch, position=n, state="failed", staged=f"batches/{n}", bytes=1) for n in range(3)
    )
    purge.purge(seconds=0)
    assert (IdempotencyRecord.objects.count(), Job.objects.count()) == (3, 1)
    assert not BatchItem.objects.filter(staged="").exists()
    purge.purge()
    assert not IdempotencyRecord.objects.exists() and not Job.objects.exists()
    assert not BatchItem.objects.exclude(staged="").exists()


def test_uploads_are_removed_before_rows_without_files(alice, model, media, monkeypatch):
    create_prediction(owner=alice, data=next(varied_pngs(1, size=60)), source=Upload.Source.API)
    Upload.objects.update(deleted_at=LONG_AGO)

    def last(*arguments):
        assert not Upload.objects.exists()
        raise TimeoutError

    monkeypatch.setattr(purge, "delete_in_parts", last)
    with pytest.raises(TimeoutError):
        purge.purge()


@pytest.mark.django_db(transaction=True)
def test_a_purge_leaves_jobs_alone_that_another_transaction_holds():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer, and no locks of rows.")
    held, _other = finished("mail", state="failed"), finished("mail")

    def purge_in_thread() -> None:
        try:
            purge.purge()
        finally:
            connection.close()

    with ThreadPoolExecutor() as threads, transaction.atomic():
        Job.objects.select_for_update().get(pk=held.pk)
        threads.submit(purge_in_thread).result(timeout=30)  # it does not wait
    assert Job.objects.get() == held
