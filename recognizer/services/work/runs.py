"""Runs of jobs in a worker: a job is claimed with a lease, its handler runs, and it is finished or released."""

import logging
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from recognizer.models import Job
from recognizer.models.job import JobKind
from recognizer.outages import OUTAGES, problem_of_outage
from recognizer.problems import Problem
from recognizer.services.work.handlers import Handler, handler_of, unsplittable_kinds
from recognizer.services.work.jobs import cancel_jobs, create_job, enqueue_jobs, fail_jobs, save_jobs

logger = logging.getLogger(__name__)

WORKER_DIED = "The worker died, or ran out of time."
WORKER_STOPPED = "The worker was stopped. Another one continues."
PASSING = (*OUTAGES, "model_unavailable")
OUTAGE_WINDOW = timedelta(minutes=5)
OUTAGE_PATIENCE_SECONDS = settings.JOB_SOFT_LIMIT_SECONDS / 2  # PostgreSQL restarts within a few seconds
LONGEST_DELAY = timedelta(minutes=10)  # the sweeper takes a later time for the mistake of a clock
MAX_ATTEMPTS_IN_OUTAGE = 4 * settings.JOB_MAX_ATTEMPTS


class LeaseLost(Exception):
    """The lease of this run has ended or another run has claimed the job: its results must not be saved."""


def claim_job(job_id: uuid.UUID, *, message: uuid.UUID, redelivered: bool = False) -> Job | None:
    """Claim a waiting job and return it, or None if it is not waiting. A duplicate message therefore has no effect.

    The lease carries the id of the message. If the broker redelivers that message, the run that it started is dead,
    and the job is claimed without waiting for the end of its lease.
    """
    is_free = Q(state=Job.State.WAITING)
    if redelivered:
        is_free |= Q(state=Job.State.RUNNING, lease_id=message)
    claimable = Job.objects.filter(is_free, pk=job_id)
    if _start_run(claimable, message, max_attempts=settings.JOB_MAX_ATTEMPTS):
        return Job.objects.get(pk=job_id)
    if not claimable.exists():
        return None
    max_attempts = allowed_attempts()
    if _start_run(claimable, message, max_attempts=max_attempts):
        return Job.objects.get(pk=job_id)
    fail_jobs(claimable.filter(attempts__gte=max_attempts), WORKER_DIED)
    return None


def _start_run(claimable: QuerySet[Job], message: uuid.UUID, *, max_attempts: int) -> bool:
    """Mark the job as running if it has an attempt left. Of several workers that try this, one succeeds."""
    now = timezone.now()
    started = claimable.filter(attempts__lt=max_attempts).update(
        state=Job.State.RUNNING,
        attempts=F("attempts") + 1,
        lease_id=message,
        lease_until=now + timedelta(seconds=settings.JOB_LEASE_SECONDS),
        started_at=now,
    )
    return bool(started)


def is_due() -> Q:
    """Return the condition of jobs that need not wait any longer."""
    now = timezone.now()
    return Q(not_before=None) | Q(not_before__lte=now) | Q(not_before__gt=now + LONGEST_DELAY)


def allowed_attempts() -> int:
    """Return how many workers may die of a job before it fails.

    The maximum is raised while other jobs, which succeeded in the end, also needed another attempt: then something
    else is killing the workers.
    """
    since = timezone.now() - OUTAGE_WINDOW
    # A part of a split job begins with one attempt already counted.
    was_repeated = Q(attempts__gt=1, kind__in=unsplittable_kinds()) | Q(attempts__gt=2)
    # A job with several parts that is done may have been split because of one of them.
    innocent = Job.objects.filter(was_repeated, state=Job.State.DONE, finished_at__gt=since, total=1)
    return MAX_ATTEMPTS_IN_OUTAGE if innocent.exists() else settings.JOB_MAX_ATTEMPTS


def run_job(job: Job) -> None:
    """Run the handler of a claimed job. An error is saved in the row, and the job is released or fails."""
    started = time.monotonic()
    try:
        _run_handler(job, handler_of(job))
    except LeaseLost:
        logger.warning(
            "Job %s (%s) was claimed by another run; the results of this one are discarded", job.pk, job.kind
        )
    except SystemExit:
        # A worker that stops and one that enforces the hard limit send the same signal.
        is_overdue = time.monotonic() - started > settings.JOB_SOFT_LIMIT_SECONDS
        release_job(job, WORKER_DIED if is_overdue else WORKER_STOPPED, is_counted=is_overdue)
        raise
    except Exception as error:
        reason = transient_reason(error)
        if reason:
            logger.warning("Job %s (%s) has to wait: %s", job.pk, job.kind, reason)
            release_after_outage(job, reason)
        else:
            logger.exception("Job %s (%s), attempt %d", job.pk, job.kind, job.attempts)
            release_job(job, f"{type(error).__name__}: {error}")


def _run_handler(job: Job, handler: Handler) -> None:
    """Run the handler. Split a job of several parts if it fails, so that the part at fault fails alone.

    A part may raise an error, exceed the time limit or kill the process.
    """
    if handler.is_obsolete(job):
        cancel_jobs(leased_row(job))
        return
    has_parts = handler.is_splittable and len(job.payload["ids"]) > 1
    if has_parts and job.attempts > 1:  # the first run ended without an error
        split_job(job)
        return
    try:
        handler.run(job)
    except LeaseLost:
        raise
    except Exception as error:
        if not has_parts or transient_reason(error):
            raise
        logger.exception("Job %s (%s) failed and is split into its parts", job.pk, job.kind)
        split_job(job)


def transient_reason(error: Exception) -> str:
    """Return why the job has to wait, if the error is not its fault and passes. Otherwise return an empty string."""
    problem = error if isinstance(error, Problem) else problem_of_outage(error)
    if problem and problem.code in PASSING:
        return f"{problem.detail} ({error})" if isinstance(error, OSError) else problem.detail
    if isinstance(error, OperationalError):
        return f"The database did not answer: {error}"
    return ""


@contextmanager
def finish_job(job: Job) -> Iterator[None]:
    """Mark the job as done in one transaction with the block that saves its results.

    Raise LeaseLost, and save nothing, if this run no longer holds the lease.
    """
    with transaction.atomic():
        finished = leased_row(job).update(
            state=Job.State.DONE,
            done=F("total"),
            error="",
            finished_at=timezone.now(),
            lease_id=None,
            lease_until=None,
        )
        if not finished:
            raise LeaseLost
        yield


def release_job(job: Job, error: str, *, is_counted: bool = True) -> None:
    """Return the job to the waiting ones for the next sweep, or fail it after its last attempt."""
    if is_counted and job.attempts >= settings.JOB_MAX_ATTEMPTS:
        fail_jobs(leased_row(job), error)
        return
    leased_row(job).update(
        state=Job.State.WAITING,
        attempts=F("attempts") if is_counted else F("attempts") - 1,
        error=error,
        lease_id=None,
        lease_until=None,
        enqueued_at=None,
    )


def release_after_outage(job: Job, reason: str) -> None:
    """Return the job to the waiting ones without counting its attempt, as soon as the database answers.

    The outage may be that of the database, whose connection Django opens anew only after it was closed. A database that
    answers too late leaves the job to the end of its lease, which counts the attempt.
    """
    ends_at = time.monotonic() + OUTAGE_PATIENCE_SECONDS
    while True:
        try:
            release_job(job, reason, is_counted=False)
            return
        except (DatabaseError, InterfaceError):
            if connection.in_atomic_block or time.monotonic() > ends_at:
                raise
            connection.close()
            time.sleep(0.2)


def continue_now(job: Job) -> None:
    """Return a job that has done a part of its work to the end of its queue. Attempts are counted for each part."""
    job.enqueued_at, job.error = timezone.now(), ""
    if _release_part(job):
        enqueue_jobs([job])


def continue_later(job: Job, *, delay: timedelta = timedelta(0), reason: str = "") -> None:
    """Return a job that has to wait for something to the waiting ones, for the next sweep after the delay."""
    job.enqueued_at = None
    job.not_before = timezone.now() + min(delay, LONGEST_DELAY) if delay else None
    job.error = reason
    _release_part(job)


def _release_part(job: Job) -> int:
    return leased_row(job).update(
        state=Job.State.WAITING,
        attempts=0,
        error=job.error,
        lease_id=None,
        lease_until=None,
        enqueued_at=job.enqueued_at,
        not_before=job.not_before,
    )


def leased_row(job: Job) -> QuerySet[Job]:
    """Return a query for the row of the job that is empty once this run has lost its lease."""
    return Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, lease_id=job.lease_id, attempts=job.attempts)


@contextmanager
def keep_lease(job: Job) -> Iterator[None]:
    """Extend the lease from a thread while the block runs: for work that takes longer than a lease."""
    is_over = threading.Event()
    thread = threading.Thread(target=_extend_lease, args=(job, is_over), name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _extend_lease(job: Job, is_over: threading.Event) -> None:
    """Extend the lease until the event. A lease that another run has taken stays as it is."""
    try:
        while not is_over.wait(settings.JOB_LEASE_SECONDS / 4):
            try:
                leased_row(job).update(lease_until=timezone.now() + timedelta(seconds=settings.JOB_LEASE_SECONDS))
            except DatabaseError as error:
                logger.warning("The lease of job %s could not be extended: %s", job.pk, error)
                connection.close()
    finally:
        connection.close()


def forget_attempts(job: Job) -> None:
    """Count attempts from one again, because the job has saved a part of its work from which another run goes on."""
    if job.attempts > 1 and leased_row(job).update(attempts=1):
        job.attempts = 1


def fail_run(job: Job, error: str) -> None:
    """Fail the job of this run for good: another attempt would end in the same way."""
    fail_jobs(leased_row(job), error)


def split_job(job: Job) -> None:
    """Replace a job of several parts by one job for each part. The attempt of the whole job counts for each."""
    parts = [
        create_job(
            JobKind(job.kind), job.queue, payload={**job.payload, "ids": [part_id]}, attempts=1, **job.references
        )
        for part_id in job.payload["ids"]
    ]
    with finish_job(job):
        save_jobs(parts)
