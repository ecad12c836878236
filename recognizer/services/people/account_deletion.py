"""Deletion of accounts: it is requested here, and a job removes all rows and files in parts.

    requested ──▶ work cancelled ──▶ uploads, batches ──▶ workers ended ──▶ account ──▶ files ──▶ proved

Every step may be repeated, so that the job can be killed at any moment and continues where it was.
"""

import time
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from recognizer.models import AccountDeletion, Batch, Job, PersonalExport, TableExport, Upload
from recognizer.services.people.owned_data import models_with_rows_of
from recognizer.services.security_log import Event, log_event
from recognizer.services.space.folders import (
    empty_folders,
    record_batch_folders,
    record_export_folders,
    record_upload_folders,
    remove_folder,
)
from recognizer.services.space.purge import CHUNK_SIZE, remove_uploads
from recognizer.services.work import jobs, runs
from recognizer.services.work.queues import BULK
from recognizer.services.work.sweeper import CLOCK_TOLERANCE

BATCHES_AT_ONCE = 5  # of up to 1,000 items each
# Processes that outlived the account may have left files in its folders. They are emptied again after this time.
FOLDERS_KEPT = timedelta(days=1)

Step = Callable[[AccountDeletion], bool]


class DeletionIncomplete(Exception):
    """Rows of the account are left after all steps. The job is repeated."""


def request_deletion(user: User) -> None:
    """Close the account at once, and queue the job that deletes it. A second request has no effect."""
    with transaction.atomic():
        # The update waits for transactions that hold the lock of require_open_account, and the next ones see it.
        User.objects.filter(pk=user.pk).update(is_active=False)
        deletion, is_new = AccountDeletion.objects.get_or_create(owner_id=user.pk)
        if is_new:
            job = jobs.create_job(Job.Kind.ACCOUNT_DELETION, BULK, payload={"deletion": str(deletion.pk)})
            job.save(force_insert=True)
            jobs.enqueue_on_commit([job])
            log_event(Event.DELETION_REQUESTED, account=user.pk)


def delete_part(job: Job) -> None:
    """Delete as much of an account as fits into one run. The last run proves that nothing is left."""
    deletion = AccountDeletion.objects.get(pk=job.payload["deletion"])
    ends_at = time.monotonic() + settings.JOB_SOFT_LIMIT_SECONDS / 2
    cancel_work(deletion)
    steps: tuple[Step, ...] = (
        remove_exports,  # before the batches, whose removal would also remove the rows that name the exports' folders
        remove_some_uploads,
        remove_some_batches,
        workers_ended,
        remove_account,
        empty_folders,
    )
    for step in steps:
        while not step(deletion):
            if step is workers_ended:
                runs.continue_later(job)
                return
            if time.monotonic() > ends_at:
                runs.continue_now(job)
                return
    finish(job, deletion)


def cancel_work(deletion: AccountDeletion) -> None:
    """Keep the account closed and cancel its jobs. Note until when their workers may still write files."""
    User.objects.filter(pk=deletion.owner_id).update(is_active=False)
    lease = timedelta(seconds=settings.JOB_LEASE_SECONDS)
    recent = timezone.now() - lease
    state = Job.State
    # A run that was cancelled goes on until it notices, or until the hard limit.
    may_run = Q(state=state.RUNNING) | Q(state=state.WAITING) | Q(state=state.FAILED, finished_at__gt=recent)
    for owned in jobs_of(deletion.owner_id):
        started_at = owned.filter(may_run, started_at__gt=recent).aggregate(last=Max("started_at"))["last"]
        if started_at:
            deletion.workers_until = max(started_at + lease, deletion.workers_until or started_at)
    deletion.save(update_fields=["workers_until"])
    for owned in jobs_of(deletion.owner_id):
        jobs.cancel_jobs(owned)


def jobs_of(owner_id: int) -> tuple[QuerySet[Job], ...]:
    """Return the jobs of the account in several querysets, because one with OR would read all jobs."""
    return (
        Job.objects.filter(prediction__owner=owner_id),
        Job.objects.filter(batch__owner=owner_id),
        Job.objects.filter(personal_export__owner=owner_id),
        Job.objects.filter(table_export__owner=owner_id),
    )


def remove_some_uploads(deletion: AccountDeletion) -> bool:
    """Remove some uploads with their rows and files, and return whether none is left."""
    uploads = list(Upload.objects.filter(owner=deletion.owner_id)[:CHUNK_SIZE])
    if uploads:
        with transaction.atomic():
            record_upload_folders(deletion, [upload.pk for upload in uploads])
            remove_uploads(uploads)
    return len(uploads) < CHUNK_SIZE and not Upload.objects.filter(owner=deletion.owner_id).exists()


def remove_some_batches(deletion: AccountDeletion) -> bool:
    """Remove some batches with their items, and return whether none is left. Their files go with their folders."""
    ids = list(Batch.objects.filter(owner=deletion.owner_id).values_list("pk", flat=True)[:BATCHES_AT_ONCE])
    if ids:
        with transaction.atomic():
            list(Batch.objects.select_for_update().filter(pk__in=ids).order_by("pk"))  # no item is added meanwhile
            record_batch_folders(deletion, ids)
            Batch.objects.filter(pk__in=ids).delete()
    return not Batch.objects.filter(owner=deletion.owner_id).exists()


def remove_exports(deletion: AccountDeletion) -> bool:
    """Remove the exports of the account with their jobs, and return True. Their files go with their folders."""
    with transaction.atomic():
        for model in (PersonalExport, TableExport):
            exports = model._default_manager.filter(owner=deletion.owner_id)
            job_ids = list(exports.values_list("job", flat=True))
            list(Job.objects.select_for_update().filter(pk__in=job_ids))  # no file is added meanwhile
            record_export_folders(deletion, list(exports.values_list("pk", flat=True)))
            Job.objects.filter(pk__in=job_ids).delete()
    return True


def workers_ended(deletion: AccountDeletion) -> bool:
    """Return whether no process can still run a job of the account."""
    if deletion.workers_until is None:
        return True
    now = timezone.now()
    # A time further ahead than any lease ends was written before the clock was set back.
    latest = now + timedelta(seconds=settings.JOB_LEASE_SECONDS) + CLOCK_TOLERANCE
    return not now <= deletion.workers_until <= latest


def remove_account(deletion: AccountDeletion) -> bool:
    """Remove the user with all rows that refer to it, and return whether it is gone."""
    with transaction.atomic():
        # The lock stops every insertion that refers to the user. After the commit such an insertion fails.
        user = User.objects.select_for_update().filter(pk=deletion.owner_id).first()
        if user is None:
            return True
        remove_exports(deletion)
        if not (remove_some_uploads(deletion) and remove_some_batches(deletion)):
            return False
        user.delete()
    return True


def finish(job: Job, deletion: AccountDeletion) -> None:
    """Finish the job and the deletion, if no row of the account is left. Its folders are empty already."""
    left = models_with_rows_of(deletion.owner_id)
    if left:
        raise DeletionIncomplete(", ".join(left))
    with runs.finish_job(job):
        AccountDeletion.objects.filter(pk=deletion.pk).update(finished_at=timezone.now())
        log_event(Event.DELETION_FINISHED, account=deletion.owner_id)


def forget_deletions(seconds: float = float("inf")) -> None:
    """Empty the folders of accounts that were deleted a day ago once more, and remove what is recorded of them."""
    ends_at = time.monotonic() + seconds
    for deletion in AccountDeletion.objects.filter(finished_at__lt=timezone.now() - FOLDERS_KEPT):
        while names := list(deletion.folders.values_list("name", flat=True)[:CHUNK_SIZE]):
            if time.monotonic() > ends_at:
                return
            for name in names:
                remove_folder(name)
            deletion.folders.filter(pk__in=names).delete()
        deletion.delete()
