"""The life of a Job: made and enqueued by the request, claimed and finished by a worker, mended by the sweeper."""

import errno
import logging
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from recognizer.models import BatchItem, Job
from recognizer.models.job import JobKind
from recognizer.problems import Problem
from recognizer.services.work import broker

logger = logging.getLogger(__name__)

TASK = "recognizer.tasks.run_job"
DIED = "The worker died, or ran out of time."
STOPPED = "The worker was stopped; another one goes on."
CANCELLED = "Cancelled."
ITEM_CONDEMNED = "reader_failed"
ITEM_CANCELLED = "cancelled"
STORM_LASTS = timedelta(minutes=5)
ATTEMPTS_IN_A_STORM = 4 * settings.JOB_MAX_ATTEMPTS


class LeaseLost(Exception):
    """Another run, or nobody, holds the job by now: what this run made does not count."""


def create_job(kind: JobKind, queue: str, **fields: object) -> Job:
    # Without a time of enqueueing the next sweep puts it on its queue; with one, it is left alone for a while.
    enqueued_at = None if broker.breaker.is_open else timezone.now()
    return Job(kind=kind, queue=queue, enqueued_at=enqueued_at, **fields)


def enqueue_on_commit(jobs: Sequence[Job]) -> None:
    """The rows are the truth: if Redis is down the sweeper enqueues later, and nobody loses anything."""

    def send() -> None:  # no partial: Django's log of a failure asks for its name
        enqueue(jobs)

    transaction.on_commit(send, robust=True)


def enqueue(jobs: Sequence[Job]) -> int:
    """Put them on their queues, as far as Redis takes them; answers how many it took."""
    for sent, job in enumerate(jobs):
        try:
            broker.publish(TASK, str(job.pk), queue=job.queue)
        except broker.BrokerDown:
            rest = [other.pk for other in jobs[sent:] if other.enqueued_at]
            if rest:
                Job.objects.filter(pk__in=rest, state=Job.State.WAITING).update(enqueued_at=None)
            return sent
    return len(jobs)


def claim(job_id: uuid.UUID, *, message: uuid.UUID, redelivered: bool = False) -> Job | None:
    """Take a waiting job, or None: it is done, another has it, or it is gone. Duplicate messages end here.

    The lease carries the message's id. When the broker hands that very message out again, the run that it
    started is dead, and its lease need not be waited for.
    """
    free = Q(state=Job.State.WAITING)
    if redelivered:
        free |= Q(state=Job.State.RUNNING, lease_id=message)
    now = timezone.now()
    mine = Job.objects.filter(free, pk=job_id)

    def take(most: int) -> int:
        return mine.filter(attempts__lt=most).update(
            state=Job.State.RUNNING,
            attempts=F("attempts") + 1,
            lease_id=message,
            lease_until=now + timedelta(seconds=settings.JOB_LEASE_SECONDS),
            started_at=now,
        )

    if take(settings.JOB_MAX_ATTEMPTS):
        return Job.objects.get(pk=job_id)
    if not mine.exists():
        return None
    most = attempts_allowed()
    if take(most):
        return Job.objects.get(pk=job_id)
    give_up(mine.filter(attempts__gte=most), DIED)
    return None


def attempts_allowed() -> int:
    """How often a worker may die of a job before the job is to blame.

    Three times, unless jobs that are blameless, for they are done by now, needed another attempt in the last minutes
    too: then something from outside kills the workers.
    """
    since = timezone.now() - STORM_LASTS
    again = Q(attempts__gt=1, kind=Job.Kind.FEATURE_MAPS) | Q(attempts__gt=2)  # a part of a chunk begins with one
    blameless = Job.objects.filter(again, state=Job.State.DONE, finished_at__gt=since, total=1)  # no chunk was split
    return ATTEMPTS_IN_A_STORM if blameless.exists() else settings.JOB_MAX_ATTEMPTS


def run(job: Job, work: Callable[[Job], None]) -> None:
    """Do the work of a claimed job, which ends with `finishing`; whatever stops it is written into the row."""
    began = time.monotonic()
    try:
        work(job)
    except LeaseLost:
        logger.warning("Job %s (%s) was taken over; this run does not count", job.pk, job.kind)
    except SystemExit:
        # A worker that stops and one that enforces the hard limit send the same signal.
        is_overdue = time.monotonic() - began > settings.JOB_SOFT_LIMIT_SECONDS
        hand_back(job, DIED if is_overdue else STOPPED, counted=is_overdue)
        raise
    except Exception as error:
        passing = passing_trouble(error)
        if passing:
            logger.warning("Job %s (%s) waits: %s", job.pk, job.kind, passing)
        else:
            logger.exception("Job %s (%s), attempt %d", job.pk, job.kind, job.attempts)
        hand_back(job, passing or f"{type(error).__name__}: {error}", counted=not passing)


def passing_trouble(error: Exception) -> str:
    """What is not the job's fault and will pass: it is waited for, however often."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "There is no space left on the disk."
    if isinstance(error, Problem) and error.code in ("storage_full", "model_unavailable"):
        return error.detail
    if isinstance(error, OperationalError):
        return f"The database did not answer: {error}"
    return ""


def held_by(job: Job) -> QuerySet[Job]:
    """The row, as long as this run still holds its lease."""
    return Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, lease_id=job.lease_id, attempts=job.attempts)


@contextmanager
def finishing(job: Job) -> Iterator[None]:
    """Write what came of the job and its end in one transaction, or nothing if the lease was lost meanwhile."""
    with transaction.atomic():
        held = held_by(job).update(
            state=Job.State.DONE,
            done=F("total"),
            error="",
            finished_at=timezone.now(),
            lease_id=None,
            lease_until=None,
        )
        if not held:
            raise LeaseLost
        yield


def hand_back(job: Job, error: str, *, counted: bool = True) -> None:
    """To be tried again after the next sweep, or failed for good after the last attempt."""
    if counted and job.attempts >= settings.JOB_MAX_ATTEMPTS:
        give_up(held_by(job), error)
        return
    held_by(job).update(
        state=Job.State.WAITING,
        attempts=F("attempts") if counted else F("attempts") - 1,
        error=error,
        lease_id=None,
        lease_until=None,
        enqueued_at=None,
    )


def give_up(jobs: QuerySet[Job], error: str, *, item_code: str = ITEM_CONDEMNED) -> int:
    """Fail them for good, with the reason, and with them the pictures of a batch that they were to read."""
    given_up = 0
    for job in jobs:
        with transaction.atomic():
            still = jobs.filter(pk=job.pk).update(
                state=Job.State.FAILED, error=error, finished_at=timezone.now(), lease_id=None, lease_until=None
            )
            if still and job.kind == Job.Kind.BATCH_CHUNK:
                BatchItem.objects.filter(pk__in=job.payload["ids"], state=BatchItem.State.WAITING).update(
                    state=BatchItem.State.FAILED, error_code=item_code, attempts=job.attempts
                )
        given_up += still
    return given_up


def retry(jobs: QuerySet[Job], *, done_too: bool = False) -> int:
    """Begin failed jobs anew, as if they had never been tried."""
    again = list(jobs.filter(state__in=[Job.State.FAILED, Job.State.DONE] if done_too else [Job.State.FAILED]))
    for job in again:
        job.state, job.attempts, job.error, job.done, job.finished_at = Job.State.WAITING, 0, "", 0, None
        job.enqueued_at = timezone.now()
    with transaction.atomic():
        for job in again:
            ids = job.payload.get("ids", []) if job.kind == Job.Kind.BATCH_CHUNK else []
            # One whose file is gone by now stays as it is.
            failed = BatchItem.objects.filter(pk__in=ids, state=BatchItem.State.FAILED).exclude(staged="")
            failed.filter(error_code__in=[ITEM_CONDEMNED, ITEM_CANCELLED]).update(
                state=BatchItem.State.WAITING, error_code="", attempts=0
            )
        Job.objects.bulk_update(again, ["state", "attempts", "error", "done", "finished_at", "enqueued_at"])
        enqueue_on_commit(again)
    return len(again)


def cancel(jobs: QuerySet[Job]) -> int:
    """End what waits or runs. A run that goes on meanwhile has lost its lease and writes nothing."""
    unfinished = jobs.filter(state__in=[Job.State.WAITING, Job.State.RUNNING])
    return give_up(unfinished, CANCELLED, item_code=ITEM_CANCELLED)


def split(job: Job) -> None:
    """Instead of a chunk that failed, one job for each of its pictures: a poisonous one then stands alone."""
    parts = [
        create_job(
            JobKind(job.kind),
            job.queue,
            batch_id=job.batch_id,
            payload={**job.payload, "ids": [one]},
            attempts=1,  # the chunk's own
        )
        for one in job.payload["ids"]
    ]
    with finishing(job):
        Job.objects.bulk_create(parts)
        enqueue_on_commit(parts)
