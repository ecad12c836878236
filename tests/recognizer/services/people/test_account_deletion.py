"""Deletion of accounts: closed at once, deleted in parts, repeated after every failure, proved at the end."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from recognizer.models import AccountDeletion, Batch, DeletedFolder, Job, Prediction, Upload
from recognizer.problems import Problem
from recognizer.services.batches import chunks, control, intake
from recognizer.services.limits import idempotency
from recognizer.services.people import account_deletion
from recognizer.services.people.account_deletion import forget_deletions, request_deletion
from recognizer.services.people.owned_data import models_with_rows_of
from recognizer.services.people.tokens import create_token
from recognizer.services.reading.feature_maps import ensure_maps
from recognizer.services.reading.images import ensure_thumbnail
from recognizer.services.reading.predictions import create_prediction, reread_upload
from recognizer.services.reading.rescoring import rescore
from recognizer.services.space.reconcile import reconcile
from recognizer.services.work import jobs, runs
from recognizer.services.work.sweeper import sweep
from tests.pictures import digit_png
from tests.recognizer.deletions import files_in, is_finished, run_deletions

pytestmark = pytest.mark.django_db

State = Job.State


def claim(**lookup) -> Job:
    job = runs.claim_job(Job.objects.get(**lookup).pk, message=uuid.uuid4())
    assert job is not None
    return job


def add_batch(owner: User, count: int = 1) -> Batch:
    batch = intake.create_batch(owner=owner)
    intake.add_files(batch, [(f"{n}.png", ContentFile(digit_png(n % 10))) for n in range(count)])
    return batch


@pytest.fixture
def prediction(alice, model, media) -> Prediction:
    return create_prediction(owner=alice, data=digit_png(7), source="upload", draw_maps=True)


def test_a_request_closes_the_account_and_queues_one_job(alice):
    for _ in range(2):
        request_deletion(alice)
    assert not User.objects.get(pk=alice.pk).is_active
    job = Job.objects.get()
    assert (job.kind, job.state) == (Job.Kind.ACCOUNT_DELETION, State.WAITING)


def test_the_job_outlives_the_account(alice, prediction, media):
    request_deletion(alice)
    run_deletions()
    assert not User.objects.filter(pk=alice.pk).exists()
    assert Job.objects.get().state == State.DONE
    assert is_finished(alice.pk)
    assert files_in(media) == []


WRITES: dict[str, Callable[[User, Prediction, Batch], object]] = {
    "prediction": lambda user, _p, _b: create_prediction(owner=user, data=digit_png(3), source="upload"),
    "batch": lambda user, _p, _b: intake.create_batch(owner=user),
    "new batch with files": lambda user, _p, _b: intake.add_files(
        intake.new_batch(owner=user), [("a.png", ContentFile(digit_png(3)))]
    ),
    "files": lambda _u, _p, batch: intake.add_files(batch, [("a.png", ContentFile(digit_png(3)))]),
    "retry": lambda _u, _p, batch: control.retry_failed(batch),
    "token": lambda user, _p, _b: create_token(user=user, name="script"),
    "idempotency key": lambda user, _p, _b: idempotency.claim_key(owner_id=user.pk, key="k", fingerprint="f"),
    "reading again": lambda _u, prediction, _b: reread_upload(prediction.upload, "auto"),
    "maps": lambda _u, prediction, _b: ensure_maps(prediction),
}
NEED_A_PICTURE = {"reading again", "maps"}  # which a finished deletion has removed


@pytest.mark.parametrize(
    ("name", "is_deleted"),
    [*((name, False) for name in WRITES), *((name, True) for name in WRITES if name not in NEED_A_PICTURE)],
)
def test_nothing_new_is_accepted(alice, model, media, name, is_deleted):
    prediction = create_prediction(owner=alice, data=digit_png(7), source="upload")
    batch = intake.create_batch(owner=alice)
    request_deletion(alice)
    if is_deleted:
        run_deletions()
    files = files_in(media)
    with pytest.raises(Problem) as raised:
        WRITES[name](alice, prediction, batch)
    assert raised.value.code == "account_deletion"
    assert files_in(media) == files


def test_a_disabled_account_keeps_its_work(alice, model):
    """Commands may still add pictures to an account that the staff disabled."""
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert create_prediction(owner=alice, data=digit_png(7), source="upload")


def test_work_is_cancelled_and_workers_refuse_what_they_claim(alice, prediction, media):
    add_batch(alice)
    request_deletion(alice)
    drawing = claim(kind=Job.Kind.FEATURE_MAPS)
    runs.run_job(drawing)
    drawing.refresh_from_db()
    assert (drawing.state, drawing.error) == (State.FAILED, jobs.CANCELLED)
    assert not [name for name in files_in(media) if name.startswith("feature-maps")]
    account_deletion.cancel_work(AccountDeletion.objects.get())
    assert Job.objects.get(kind=Job.Kind.BATCH_CHUNK).state == State.FAILED


def test_pictures_of_a_deleted_account_are_not_read_with_another_model(alice, prediction, model):
    Prediction.objects.update(is_current=True)
    request_deletion(alice)
    assert rescore(Upload.objects.all(), model) == 0


@pytest.mark.parametrize("kind", [Job.Kind.FEATURE_MAPS, Job.Kind.BATCH_CHUNK])
def test_the_deletion_waits_for_a_worker_and_removes_what_it_wrote_late(alice, prediction, media, kind):
    add_batch(alice)
    working = claim(kind=kind)
    late = list(chunks.waiting_items(working).select_related("batch")) if kind == Job.Kind.BATCH_CHUNK else []
    glyph = prediction.glyphs.first().pk
    request_deletion(alice)
    run_deletions()
    deletion = AccountDeletion.objects.get()
    job = Job.objects.get(kind=Job.Kind.ACCOUNT_DELETION)
    assert (job.state, job.attempts, job.enqueued_at) == (State.WAITING, 0, None)
    assert deletion.workers_until > timezone.now()
    assert not Upload.objects.exists()

    if late:
        default_storage.save(f"uploads/{late[0].pk.hex[:2]}/{late[0].pk}/thumbnail.jpg", ContentFile(b"late"))
        default_storage.save(f"batches/{late[0].batch_id}/{late[0].pk}", ContentFile(b"late"))
    else:
        default_storage.save(f"feature-maps/{glyph.hex[:2]}/{glyph}/conv1.png", ContentFile(b"late"))
    with pytest.raises(runs.LeaseLost), runs.finish_job(working):
        pass

    AccountDeletion.objects.update(workers_until=timezone.now() - timedelta(seconds=1))
    Job.objects.filter(kind=kind).delete()
    run_deletions()
    assert is_finished(alice.pk)
    assert files_in(media) == []
    assert models_with_rows_of(alice.pk) == []


@pytest.mark.parametrize(
    ("seconds", "has_ended"), [(-1, True), (5, False), (3 * 3600, True)], ids=["past", "now", "clock_set_back"]
)
def test_the_wait_for_workers_ends_also_after_the_clock_was_set_back(seconds, has_ended):
    deletion = AccountDeletion(workers_until=timezone.now() + timedelta(seconds=seconds))
    assert account_deletion.workers_ended(deletion) is has_ended


STEPS = [
    "cancel_work",
    "remove_uploads",
    "record_upload_folders",
    "record_batch_folders",
    "empty_folders",
    "models_with_rows_of",
]


class Killed(BaseException):
    """Ends a run as a kill does: nothing is released."""


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_run_that_is_killed_at_any_step_is_continued(alice, prediction, media, monkeypatch, step, after):
    add_batch(alice)
    request_deletion(alice)
    original = getattr(account_deletion, step)

    def killed(*args):
        if after:
            original(*args)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(account_deletion, step, killed)
        with pytest.raises(Killed):
            run_deletions()
    Job.objects.filter(kind=Job.Kind.ACCOUNT_DELETION).update(lease_until=timezone.now() - timedelta(seconds=1))
    sweep()
    run_deletions()
    assert is_finished(alice.pk)
    assert files_in(media) == []


def test_a_deletion_that_failed_or_was_cancelled_begins_again(alice, prediction, media):
    request_deletion(alice)
    mandatory = Job.objects.filter(kind=Job.Kind.ACCOUNT_DELETION)
    for end in (jobs.cancel_jobs, lambda rows: jobs.fail_jobs(rows, "an error")):
        end(mandatory)
        assert mandatory.get().state == State.FAILED
        sweep()
        assert mandatory.get().state == State.WAITING
    run_deletions()
    assert is_finished(alice.pk)


def test_a_large_account_is_deleted_in_parts(alice, model, media, monkeypatch, settings):
    monkeypatch.setattr(account_deletion, "CHUNK_SIZE", 2)
    settings.JOB_SOFT_LIMIT_SECONDS = 0
    for digit in range(5):
        create_prediction(owner=alice, data=digit_png(digit), source="upload")
    request_deletion(alice)
    counts = []
    while not is_finished(alice.pk):
        run_deletions()
        counts.append(Upload.objects.count())
        assert len(counts) < 10
    assert counts[:3] == [3, 1, 0]
    assert files_in(media) == []


def test_an_image_made_too_late_is_deleted(alice, prediction, media):
    upload = Upload.objects.get()
    original = upload.original.read()
    upload.original.close()
    request_deletion(alice)
    run_deletions()
    default_storage.save(upload.original.name, ContentFile(original))
    with pytest.raises(Problem):
        ensure_thumbnail(upload)
    assert files_in(media) == [upload.original.name]


def test_leftovers_of_a_deleted_account_are_removed_however_many_there_are(alice, media, model):
    uploads = [create_prediction(owner=alice, data=digit_png(n % 10), source="upload").upload for n in range(25)]
    names = [upload.original.name for upload in uploads]
    request_deletion(alice)
    run_deletions()
    for name in names:
        default_storage.save(name, ContentFile(b"late"))
    report = reconcile(remove=True)
    assert (len(report.of_deleted_accounts), report.without_row, report.is_suspicious) == (25, [], False)
    assert files_in(media) == []


def test_what_is_recorded_of_a_deletion_is_removed_after_a_day(alice, prediction, media):
    name = prediction.upload.original.name
    request_deletion(alice)
    run_deletions()
    default_storage.save(name, ContentFile(b"late"))
    forget_deletions()
    assert DeletedFolder.objects.exists()
    AccountDeletion.objects.update(finished_at=timezone.now() - timedelta(days=2))
    forget_deletions()
    assert not AccountDeletion.objects.exists()
    assert not DeletedFolder.objects.exists()
    assert files_in(media) == []


def test_the_proof_fails_while_a_row_is_left(alice, prediction, media, monkeypatch):
    request_deletion(alice)
    monkeypatch.setattr(account_deletion, "models_with_rows_of", lambda owner_id: ["recognizer.Upload"])
    run_deletions()
    job = Job.objects.get(kind=Job.Kind.ACCOUNT_DELETION)
    assert job.error == "DeletionIncomplete: recognizer.Upload"
    assert not is_finished(alice.pk)
