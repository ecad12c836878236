"""Personal exports: written by a job in parts, resumed after every failure, counted, and removed when they expire."""

import io
import json
import uuid
import zipfile
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from recognizer.models import ExportPart, Job, Notice, PersonalExport, Upload
from recognizer.problems import Problem
from recognizer.services.batches import intake
from recognizer.services.exports import personal_data, personal_exports
from recognizer.services.exports.exports import name_picture
from recognizer.services.exports.personal_exports import delete_export, export_for, purge_exports, request_export
from recognizer.services.exports.personal_file import ExportFile
from recognizer.services.people.account_deletion import request_deletion
from recognizer.services.people.owned_data import models_with_rows_of
from recognizer.services.people.tokens import create_token
from recognizer.services.space import quotas
from recognizer.services.space.reconcile import reconcile
from recognizer.services.work import jobs, runs
from tests.pictures import digit_png
from tests.recognizer.deletions import is_finished, run_deletions
from tests.recognizer.personal_exports import export_everything, exported_bytes, run_export_jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def uploads(add_prediction) -> list[Upload]:
    return [add_prediction(str(number)).upload for number in range(5)]


@pytest.fixture
def small_parts(monkeypatch) -> None:
    """Make chunks of two rows and parts of one chunk."""
    monkeypatch.setattr(personal_exports, "PART_BYTES", 1)
    monkeypatch.setattr(personal_data, "CHUNK_BYTES", 2 * len(digit_png(7, size=60)))


def claim() -> Job:
    job = runs.claim_job(Job.objects.get(kind=Job.Kind.PERSONAL_EXPORT).pk, message=uuid.uuid4())
    assert job is not None
    return job


def rows_of(archive: zipfile.ZipFile, section: str) -> list[dict]:
    names = [name for name in archive.namelist() if name.startswith(f"{section}/")]
    return [row for name in sorted(names) for row in json.loads(archive.read(name))]


def files_in(media) -> set[str]:
    return {str(path.relative_to(media)) for path in (media / "exports").rglob("*") if path.is_file()}


def test_an_export_has_every_row_once_however_many_parts_it_has(alice, uploads, small_parts):
    archive = export_everything(alice)
    assert ExportPart.objects.count() == 3
    assert archive.testzip() is None
    assert [row["id"] for row in rows_of(archive, "uploads")] == [str(one.pk) for one in reversed(uploads)]
    assert {row["upload"] for row in rows_of(archive, "predictions")} == {str(one.pk) for one in uploads}
    pictures = {name for name in archive.namelist() if name.startswith("pictures/")}
    assert pictures == {name_picture(one) for one in uploads}
    assert archive.read(name_picture(uploads[0])) == digit_png(7, size=60)


def test_an_empty_account_is_exported(alice):
    archive = export_everything(alice)
    assert archive.namelist() == ["account.json"]
    assert json.loads(archive.read("account.json"))[0]["username"] == "alice"
    job = Job.objects.get()
    assert (job.done, job.total) == (1, 1)


def test_strokes_and_unread_files_are_exported(alice, uploads, model):
    Upload.objects.filter(pk=uploads[0].pk).update(source="drawing", strokes=[[1, 2, 3]])
    batch = intake.create_batch(owner=alice, name="holiday")
    intake.add_files(batch, [("a.png", ContentFile(digit_png(3)))])
    archive = export_everything(alice)
    assert [row["strokes"] for row in rows_of(archive, "uploads")] == [None, None, None, None, [[1, 2, 3]]]
    (unread,) = [name for name in archive.namelist() if name.startswith("unread/")]
    assert archive.read(unread) == digit_png(3)
    assert rows_of(archive, "batches")[0]["items"][0]["name"] == "a.png"


def test_the_owner_is_told_when_the_file_is_ready(alice, uploads):
    export_everything(alice)
    notice = Notice.objects.get(owner=alice)
    assert (notice.kind, notice.link) == ("export_ready", "/account/#export")


def test_a_second_request_returns_the_export_under_way(alice, uploads):
    first = request_export(alice)
    assert request_export(alice) == first
    assert Job.objects.count() == 1


def test_a_request_after_the_end_replaces_the_export(alice, uploads, media):
    export_everything(alice)
    old = export_for(alice)
    files = files_in(media)
    new = request_export(alice)
    assert new != old
    assert PersonalExport.objects.get() == new
    assert Job.objects.count() == 1
    for name in files:
        default_storage.delete(name)  # the test's transaction has no commit, after which they are deleted
    run_export_jobs()
    assert exported_bytes(alice)


def test_a_killed_run_goes_on_after_its_last_part(alice, uploads, small_parts, monkeypatch, media):
    request_export(alice)
    job = claim()
    save_part, saved = personal_exports.save_part, []

    def die_before_the_second_part(*args):
        if saved:
            raise SystemExit
        saved.append(save_part(*args))

    monkeypatch.setattr(personal_exports, "save_part", die_before_the_second_part)
    with pytest.raises(SystemExit):
        runs.run_job(job)
    monkeypatch.undo()
    monkeypatch.setattr(personal_exports, "PART_BYTES", 1)
    assert ExportPart.objects.count() == 1
    assert len(files_in(media)) == 1
    first = ExportPart.objects.get()
    run_export_jobs()
    assert ExportPart.objects.get(number=0) == first
    archive = zipfile.ZipFile(io.BytesIO(exported_bytes(alice)))
    assert len(rows_of(archive, "uploads")) == len(uploads)
    assert archive.testzip() is None


def test_a_run_stops_in_time_and_goes_on_later(alice, uploads, small_parts, settings):
    settings.JOB_SOFT_LIMIT_SECONDS = 0
    request_export(alice)
    runs.run_job(claim())
    job = Job.objects.get()
    assert (job.state, job.attempts, job.done, job.total) == (Job.State.WAITING, 0, 2, 6)
    run_export_jobs()
    job.refresh_from_db()
    assert (job.state, job.done) == (Job.State.DONE, 6)


def test_a_run_that_lost_its_lease_saves_nothing(alice, uploads, media):
    request_export(alice)
    job = claim()
    Job.objects.filter(pk=job.pk).update(lease_id=uuid.uuid4())
    runs.run_job(job)
    assert not ExportPart.objects.exists()
    assert files_in(media) == set()
    assert quotas.usage(alice.pk).bytes == sum(upload.bytes for upload in uploads)


def test_uploads_that_arrive_meanwhile_do_not_prolong_the_export(alice, uploads, small_parts, add_prediction):
    request_export(alice)
    job = claim()
    export = PersonalExport.objects.select_related("owner").get()
    assert personal_exports.write_part(job, export, float("inf"))
    later = add_prediction("9", at=timezone.now()).upload
    while personal_exports.write_part(job, export, float("inf")):
        pass
    archive = zipfile.ZipFile(io.BytesIO(b"".join(ExportFile(export, with_tokens=True).read())))
    assert str(later.pk) not in {row["id"] for row in rows_of(archive, "uploads")}


def test_the_parts_count_as_stored_until_they_are_removed(alice, uploads, small_parts):
    before = quotas.usage(alice.pk).bytes
    export_everything(alice)
    export = export_for(alice)
    stored = sum(part.file.size for part in export.parts.all())
    assert export.bytes == stored > 0
    assert quotas.usage(alice.pk).bytes == before + stored
    quotas.Usage.objects.all().delete()
    assert quotas.usage(alice.pk).bytes == before + stored
    delete_export(alice)
    assert quotas.usage(alice.pk).bytes == before


def test_a_full_quota_does_not_refuse_the_export(alice, uploads, settings):
    settings.QUOTA_BYTES = quotas.usage(alice.pk).bytes
    assert export_everything(alice).testzip() is None


def test_below_the_floor_of_disk_space_exports_wait(alice, uploads, settings):
    settings.DISK_FLOOR_BYTES = 0
    request_export(alice)
    settings.DISK_FLOOR_BYTES = 2**62
    runs.run_job(claim())
    job = Job.objects.get()
    assert (job.state, job.attempts) == (Job.State.WAITING, 0)
    assert "space" in job.error
    with pytest.raises(Problem):
        request_export(alice)
    settings.DISK_FLOOR_BYTES = 0
    run_export_jobs()
    assert exported_bytes(alice)


def test_a_deleted_export_has_no_row_no_job_and_no_file(
    alice, uploads, small_parts, media, django_capture_on_commit_callbacks
):
    export_everything(alice)
    assert len(files_in(media)) == 3
    with django_capture_on_commit_callbacks(execute=True):
        delete_export(alice)
    assert files_in(media) == set()
    assert not PersonalExport.objects.exists()
    assert not Job.objects.filter(kind=Job.Kind.PERSONAL_EXPORT).exists()


def test_a_run_whose_export_was_deleted_saves_nothing(alice, uploads, media):
    request_export(alice)
    job = claim()
    export = PersonalExport.objects.select_related("owner").get()
    delete_export(alice)
    with pytest.raises(runs.LeaseLost):
        personal_exports.write_part(job, export, float("inf"))
    runs.run_job(job)
    assert files_in(media) == set()
    assert not PersonalExport.objects.exists()


def test_an_expired_export_is_gone(alice, bob, uploads, media, django_capture_on_commit_callbacks):
    export_everything(alice)
    kept = request_export(bob)
    PersonalExport.objects.exclude(pk=kept.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert export_for(alice) is None
    with django_capture_on_commit_callbacks(execute=True):
        purge_exports()
    assert PersonalExport.objects.get() == kept
    assert files_in(media) == set()


def test_an_export_that_failed_leaves_no_parts_and_tells_its_owner(
    alice, uploads, small_parts, media, monkeypatch, django_capture_on_commit_callbacks
):
    request_export(alice)
    read_chunk = personal_exports.read_chunk
    monkeypatch.setattr(
        personal_exports, "read_chunk", lambda user, at: 1 / 0 if at.chunk > 2 else read_chunk(user, at)
    )
    with django_capture_on_commit_callbacks(execute=True):
        run_export_jobs()
    export = export_for(alice)
    assert export.state == PersonalExport.State.FAILED
    assert (export.bytes, export.parts.count(), files_in(media)) == (0, 0, set())
    assert Notice.objects.get().kind == "export_failed"
    monkeypatch.undo()
    jobs.retry_jobs(Job.objects.filter(pk=export.job_id))
    run_export_jobs()
    assert zipfile.ZipFile(io.BytesIO(exported_bytes(alice))).testzip() is None


def test_files_of_exports_are_reconciled(alice, uploads, small_parts, media):
    export_everything(alice)
    report = reconcile(remove=False, grace=timedelta(0))
    assert not [name for name in (*report.without_row, *report.without_file) if name.startswith("exports/")]
    part = ExportPart.objects.first()
    orphan = default_storage.save(f"exports/{uuid.uuid4().hex[:2]}/{uuid.uuid4()}/{uuid.uuid4()}", ContentFile(b"x"))
    default_storage.delete(part.file.name)
    report = reconcile(remove=False, grace=timedelta(0))
    assert report.without_file == [part.file.name]
    assert report.without_row == [orphan]


@pytest.mark.parametrize("is_ready", [False, True])
def test_a_deleted_account_keeps_no_export(alice, uploads, small_parts, media, settings, is_ready):
    settings.JOB_LEASE_SECONDS = 0
    request_export(alice)
    if is_ready:
        run_export_jobs()
    request_deletion(alice)
    with pytest.raises(Problem):
        request_export(alice)
    run_deletions()
    assert is_finished(alice.pk)
    assert models_with_rows_of(alice.pk) == []
    assert files_in(media) == set()
    assert not Job.objects.filter(kind=Job.Kind.PERSONAL_EXPORT).exists()


def test_a_worker_cancels_the_export_of_an_account_that_is_being_deleted(alice, uploads):
    request_export(alice)
    request_deletion(alice)
    job = claim()
    runs.run_job(job)
    job.refresh_from_db()
    assert (job.state, job.error) == (Job.State.FAILED, jobs.CANCELLED)
    assert not ExportPart.objects.exists()


def test_a_file_without_tokens_differs_in_nothing_else(alice, uploads):
    create_token(user=alice, name="secret name")
    whole = export_everything(alice)
    without = zipfile.ZipFile(io.BytesIO(exported_bytes(alice, with_tokens=False)))
    assert without.namelist() == whole.namelist()
    accounts = [json.loads(archive.read("account.json"))[0] for archive in (whole, without)]
    assert [token["name"] for token in accounts[0].pop("tokens")] == ["secret name"]
    assert accounts[0] == accounts[1]


@pytest.mark.parametrize("share", [0, 0.2, 0.5, 0.9, 1])
def test_the_file_can_be_read_from_any_place(alice, uploads, small_parts, share):
    export_everything(alice)
    file = ExportFile(export_for(alice), with_tokens=True)
    whole = b"".join(file.read())
    assert len(whole) == file.size
    for start in {int(share * file.size) + delta for delta in (-1, 0, 1)}:
        start = max(0, start)
        assert b"".join(file.read(start)) == whole[start:]
