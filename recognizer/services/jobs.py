"""The life of a Job: made and enqueued by the request, claimed and finished by a worker, mended by the sweeper."""

import logging
import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from recognizer.models import Job
from recognizer.queues import BULK, INTERACTIVE
from recognizer.services import broker

logger = logging.getLogger(__name__)

# A job that waits longer than this while the queue is shorter than the waiting list was lost by Redis.
LOST_AFTER = timedelta(seconds=20)
MOST_PER_SWEEP = 1000
GAVE_UP = "The worker died or ran out of time in each of {attempts} attempts."


def enqueue_on_commit(job: Job) -> None:
    """The row is the truth: if the broker is down the sweeper enqueues later, and nobody loses anything."""
    transaction.on_commit(partial(_enqueue, job.pk, job.queue), robust=True)


def _enqueue(job_id: uuid.UUID, queue: str) -> bool:
    try:
        broker.publish(current_app.tasks["recognizer.tasks.run_job"], str(job_id), queue=queue)
    except broker.BrokerDown:
        return False
    return True


def claim(job_id: uuid.UUID) -> Job | None:
    """Take a waiting job, or None: it is done, another has it, or it is gone. Duplicate messages end here."""
    now = timezone.now()
    claimed = Job.objects.filter(pk=job_id, state=Job.State.WAITING).update(
        state=Job.State.RUNNING,
        attempts=F("attempts") + 1,
        lease_id=uuid.uuid4(),
        lease_until=now + timedelta(seconds=settings.JOB_LEASE_SECONDS),
        started_at=now,
        error="",
    )
    return Job.objects.get(pk=job_id) if claimed else None


def run(job: Job, work: Callable[[Job], None]) -> None:
    """Do the work of a claimed job and write down how it ended; an error is kept in the row and tried again."""
    try:
        work(job)
    except Exception as error:
        logger.exception("Job %s (%s), attempt %d", job.pk, job.kind, job.attempts)
        hand_back(job, f"{type(error).__name__}: {error}")
    else:
        held_by(job).update(
            state=Job.State.DONE, done=F("total"), finished_at=timezone.now(), lease_id=None, lease_until=None
        )


def held_by(job: Job) -> QuerySet[Job]:
    """The row, as long as this run still holds its lease."""
    return Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, lease_id=job.lease_id)


def hand_back(job: Job, error: str) -> None:
    """To be tried again by the next sweep, or failed for good after the last attempt."""
    if job.attempts >= settings.JOB_MAX_ATTEMPTS:
        held_by(job).update(
            state=Job.State.FAILED, error=error, finished_at=timezone.now(), lease_id=None, lease_until=None
        )
    else:
        held_by(job).update(state=Job.State.WAITING, error=error, lease_id=None, lease_until=None, enqueued_at=None)


def sweep() -> int:
    """Mend what was lost; safe when several run at once. Answers how many jobs were put on a queue again."""
    now = timezone.now()
    expired = Job.objects.filter(state=Job.State.RUNNING, lease_until__lt=now)
    expired.filter(attempts__gte=settings.JOB_MAX_ATTEMPTS).update(
        state=Job.State.FAILED,
        error=GAVE_UP.format(attempts=settings.JOB_MAX_ATTEMPTS),
        finished_at=now,
        lease_id=None,
        lease_until=None,
    )
    expired.update(state=Job.State.WAITING, lease_id=None, lease_until=None, enqueued_at=None)
    try:
        lengths = broker.queue_lengths([INTERACTIVE, BULK])
    except broker.BrokerDown:
        return 0
    return sum(_requeue(queue, length) for queue, length in lengths.items())


def _requeue(queue: str, length: int) -> int:
    now = timezone.now()
    waiting = Job.objects.filter(state=Job.State.WAITING, queue=queue)
    lost = waiting.filter(Q(enqueued_at=None) | Q(enqueued_at__lt=now - LOST_AFTER))
    # As many messages as waiting jobs: then none was lost, the workers are only behind.
    most = min(MOST_PER_SWEEP, waiting.count() - length)
    if most <= 0:
        return 0
    sent = 0
    for job_id, enqueued_at in lost.order_by("created_at").values_list("pk", "enqueued_at")[:most]:
        # Only one of several sweepers changes the row, and only that one sends.
        mine = waiting.filter(pk=job_id, enqueued_at=enqueued_at).update(enqueued_at=now)
        if mine and not _enqueue(job_id, queue):
            waiting.filter(pk=job_id).update(enqueued_at=enqueued_at)
            break
        sent += mine
    return sent
