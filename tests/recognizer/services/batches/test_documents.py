"""Documents of a batch: pages become files, kills lose and double none, and nothing is left behind."""

import errno
import io
import uuid
import zipfile
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core.files.base import ContentFile
from django.core.management import call_command

from mlcore.documents.rendering import Page, Rendering
from mlcore.reading.files.errors import PictureError
from recognizer.bodies.plain import write
from recognizer.models import Batch, BatchItem, Job, Upload
from recognizer.services.batches import control, documents, intake
from recognizer.services.batches.progress import progress_of
from recognizer.services.batches.results import batch_rows
from recognizer.services.batches.table import ordered_items
from recognizer.services.space import purge
from recognizer.services.space.quotas import count_stored, usage
from recognizer.services.space.reconcile import reconcile
from recognizer.services.work import jobs, runs
from tests.documents import empty_pdf, encrypted_pdf, many_page_tiff, pdf_of, tiff_of
from tests.pictures import digit_png
from tests.recognizer.services.batches.conftest import claim, run_waiting_jobs, stored_files

pytestmark = pytest.mark.django_db


def add(batch: Batch, *files: tuple[str, bytes]) -> list[BatchItem]:
    return intake.add_files(batch, [(name, ContentFile(data)) for name, data in files], close=True)


def pages_and_states(batch: Batch) -> list[tuple[str, int | None, str, str]]:
    return list(ordered_items(batch.owner, batch).values_list("name", "page", "state", "error_code"))


@pytest.mark.parametrize("make", [pdf_of, tiff_of])
def test_each_page_is_a_file_of_the_batch(batch, alice, media, make, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        add(batch, ("b 10.png", digit_png(1)), ("b 2.scan", make("4071")), ("a.png", digit_png(2)))
        run_waiting_jobs()
    assert pages_and_states(batch) == [
        ("a.png", None, "done", ""),
        *(("b 2.scan", page, "done", "") for page in (1, 2, 3, 4)),
        ("b 10.png", None, "done", ""),
    ]
    rows = [write(row) for row in batch_rows(ordered_items(alice, batch), str)]
    assert [row["page"] for row in rows] == [None, 1, 2, 3, 4, None]
    assert sorted(batch.items.values_list("position", flat=True)) == list(range(6))
    assert len(set(Upload.objects.values_list("sha256", flat=True))) == 6
    # The document is gone, its pages are counted, and each file has a row.
    assert (usage(alice.pk).pictures, usage(alice.pk).bytes) == count_stored(alice.pk)
    stored = {str(path.relative_to(media)) for path in stored_files(media)}
    assert stored == set(Upload.objects.values_list("original", flat=True)) | set(
        Upload.objects.values_list("thumbnail", flat=True)
    )


def test_a_zip_may_contain_documents_but_no_zip(batch):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("7.png", digit_png(7))
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr("scan.pdf", pdf_of("40"))
        archive.writestr("inner.zip", inner.getvalue())
    intake.add_files(batch, archives=[outer], close=True)
    run_waiting_jobs()
    assert pages_and_states(batch) == [
        ("inner.zip", None, "failed", "nested_archive"),
        ("scan.pdf", 1, "done", ""),
        ("scan.pdf", 2, "done", ""),
    ]


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (encrypted_pdf, "encrypted_file"),
        (lambda: b"%PDF-1.7\nbroken", "corrupt_document"),
        (lambda: empty_pdf(1_001), "too_many_pages"),
        (lambda: many_page_tiff(65_535), "too_many_pages"),
    ],
    ids=["encrypted", "broken", "1,001 pages", "65,535 pages"],
)
def test_a_document_that_cannot_be_opened_fails_alone(batch, media, make, code):
    add(batch, ("7.png", digit_png(7)), ("bad\n.pdf", make()))
    run_waiting_jobs()
    assert pages_and_states(batch) == [("7.png", None, "done", ""), ("bad.pdf", None, "failed", code)]
    assert set(Job.objects.values_list("state", flat=True)) == {Job.State.DONE}
    # The document may be tried again. Nothing else is stored.
    assert len(stored_files(media)) == 3  # with the picture and its thumbnail


def test_a_document_is_opened_in_parts_and_a_kill_between_them_loses_nothing(batch, settings, monkeypatch):
    settings.JOB_SOFT_LIMIT_SECONDS = 0  # one page in each part
    add(batch, ("scan.pdf", pdf_of("4071")))
    job = Job.objects.get()

    def die(job: Job) -> None:
        raise SystemExit

    monkeypatch.setattr(runs, "continue_now", die)
    for _ in range(3):
        with pytest.raises(SystemExit):
            documents.run_chunk(claim(job))
        runs.continue_later(Job.objects.get(pk=job.pk))  # the sweeper finds the job whose worker died
    monkeypatch.undo()
    run_waiting_jobs()
    assert [page for _name, page, _state, _code in pages_and_states(batch)] == [1, 2, 3, 4]
    assert progress_of(batch).done == 4


def test_a_run_without_its_lease_saves_and_leaves_nothing(batch, media):
    add(batch, ("scan.pdf", pdf_of("40")))
    job = claim(Job.objects.get())
    Job.objects.update(lease_id=uuid.uuid4())
    with pytest.raises(runs.LeaseLost):
        documents.run_chunk(job)
    assert batch.items.count() == 1 and len(stored_files(media)) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), SoftTimeLimitExceeded(), SystemExit()])
def test_an_error_after_the_commit_loses_no_page(batch, media, monkeypatch, error):
    add(batch, ("scan.pdf", pdf_of("407")))
    raised = []

    def fail(names):
        raised.append(names)
        raise error

    monkeypatch.setattr(purge, "delete_files", fail)
    with suppress(SystemExit):
        runs.run_job(claim(Job.objects.get()))
    assert len(raised) == 1
    run_waiting_jobs()
    assert [row[1:] for row in pages_and_states(batch)] == [(page, "done", "") for page in (1, 2, 3)]


def test_a_late_run_leaves_the_pages_of_the_run_that_took_its_place(batch, media, monkeypatch):
    add(batch, ("scan.pdf", pdf_of("40")))
    job = Job.objects.get()
    late, save = claim(job), documents.save_pages

    def save_late(*args):
        monkeypatch.setattr(documents, "save_pages", save)
        jobs.cancel_jobs(Job.objects.filter(pk=job.pk))
        jobs.retry_jobs(Job.objects.filter(pk=job.pk))
        run_waiting_jobs()
        save(*args)

    monkeypatch.setattr(documents, "save_pages", save_late)
    runs.run_job(late)
    assert [row[1:] for row in pages_and_states(batch)] == [(1, "done", ""), (2, "done", "")]
    report = reconcile(remove=True, grace=timedelta(0), force=True)
    assert report.without_file == []
    assert {upload.original.name for upload in Upload.objects.all()} <= {
        str(path.relative_to(media)) for path in stored_files(media)
    }


def test_a_document_that_is_cancelled_while_it_is_opened_gets_no_pages(batch, media, monkeypatch):
    add(batch, ("scan.pdf", pdf_of("40")))
    save = documents.save_pages
    monkeypatch.setattr(documents, "save_pages", lambda *args: control.cancel_batch(batch) and save(*args))
    runs.run_job(claim(Job.objects.get()))
    assert pages_and_states(batch) == [("scan.pdf", None, "cancelled", "cancelled")]
    assert len(stored_files(media)) == 1


@pytest.mark.parametrize(("quota", "code"), [("QUOTA_PICTURES", "quota_exceeded"), ("QUOTA_BYTES", "quota_exceeded")])
def test_a_document_beyond_the_quota_fails_and_leaves_nothing(batch, alice, media, settings, quota, code):
    add(batch, ("scan.pdf", pdf_of("4071")))
    setattr(settings, quota, getattr(usage(alice.pk), "pictures" if quota == "QUOTA_PICTURES" else "bytes") + 2)
    run_waiting_jobs()
    assert pages_and_states(batch) == [("scan.pdf", None, "failed", code)]
    assert len(stored_files(media)) == 1
    setattr(settings, quota, 10**9)
    control.retry_failed(batch)
    run_waiting_jobs()
    assert progress_of(batch).done == 4


def test_a_batch_that_is_full_refuses_the_pages(batch, monkeypatch):
    monkeypatch.setattr(documents, "MAX_ITEMS", 3)
    add(batch, ("scan.pdf", pdf_of("4071")))
    run_waiting_jobs()
    assert pages_and_states(batch) == [("scan.pdf", None, "failed", "too_many_files")]


def test_a_page_that_cannot_be_rendered_fails_alone(batch, alice, monkeypatch):
    broken = Page(1, b"", "corrupt_document")
    monkeypatch.setattr(Rendering, "__iter__", lambda self: iter([Page(2, digit_png(4)), broken]))
    add(batch, ("scan.pdf", pdf_of("40")))
    run_waiting_jobs()
    assert pages_and_states(batch) == [
        ("scan.pdf", 1, "failed", "corrupt_document"),
        ("scan.pdf", 2, "done", ""),
    ]
    assert (usage(alice.pk).pictures, usage(alice.pk).bytes) == count_stored(alice.pk)


def test_the_pages_before_a_crash_are_kept(batch, monkeypatch):
    def crash(self):
        if self.first == 2:
            yield Page(2, digit_png(4))
        raise PictureError("document_too_complex", "")

    monkeypatch.setattr(Rendering, "__iter__", crash)
    add(batch, ("scan.pdf", pdf_of("407")))
    run_waiting_jobs()
    assert pages_and_states(batch) == [
        ("scan.pdf", None, "failed", "document_too_complex"),
        ("scan.pdf", 2, "done", ""),
    ]
    monkeypatch.undo()
    control.retry_failed(batch)
    run_waiting_jobs()
    assert [page for _name, page, _state, _code in pages_and_states(batch)] == [1, 2, 3]


def test_a_part_that_runs_out_of_time_keeps_its_pages_and_costs_no_attempt(batch, media, monkeypatch):
    def interrupt(self):
        yield Page(2, digit_png(4))
        raise SoftTimeLimitExceeded

    add(batch, ("scan.pdf", pdf_of("407")))
    job = Job.objects.get()
    monkeypatch.setattr(Rendering, "__iter__", interrupt)
    runs.run_job(claim(job))
    job.refresh_from_db()
    assert (job.state, job.attempts) == (Job.State.WAITING, 0)
    assert batch.items.get(page=None).pages_opened == 2
    monkeypatch.undo()
    run_waiting_jobs()
    assert [row[1:] for row in pages_and_states(batch)] == [(page, "done", "") for page in (1, 2, 3)]


def test_a_part_without_a_page_that_runs_out_of_time_costs_an_attempt(batch, monkeypatch):
    def interrupt(self):
        raise SoftTimeLimitExceeded

    add(batch, ("scan.pdf", pdf_of("407")))
    monkeypatch.setattr(Rendering, "__iter__", interrupt)
    run_waiting_jobs()
    assert pages_and_states(batch) == [("scan.pdf", None, "failed", "reader_failed")]


def test_a_part_ends_before_the_child_that_renders_it_must(batch, settings, monkeypatch):
    settings.JOB_SOFT_LIMIT_SECONDS = 600
    monkeypatch.setattr(documents, "CPU_SECONDS", 0)  # one page in each part
    add(batch, ("scan.pdf", pdf_of("407")))
    runs.run_job(claim(Job.objects.get()))
    assert batch.items.get(page=None).pages_opened == 2


def test_a_cancelled_job_of_a_document_can_be_retried(batch):
    add(batch, ("scan.pdf", pdf_of("40")))
    jobs.cancel_jobs(Job.objects.all())
    jobs.retry_jobs(Job.objects.all())
    run_waiting_jobs()
    assert progress_of(batch).done == 2


def test_a_folder_with_documents_is_imported(alice, model, media, tmp_path: Path):
    folder = tmp_path / "scans"
    folder.mkdir()
    (folder / "a.pdf").write_bytes(pdf_of("40"))
    (folder / "b.tif").write_bytes(tiff_of("71"))
    call_command("import_uploads", str(folder), "--user", "alice", stdout=io.StringIO())
    run_waiting_jobs()
    assert [row[:3] for row in pages_and_states(Batch.objects.get())] == [
        *(("a.pdf", 1, "done"), ("a.pdf", 2, "done")),
        *(("b.tif", 1, "done"), ("b.tif", 2, "done")),
    ]
