"""Jobs outside of their runs: how requests create, enqueue, retry and cancel them. `runs.py` has the runs.

While Redis does not answer, a job stays a row, and the sweeper enqueues it later.
"""

from collections.abc import Sequence
from contextlib import suppress

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from recognizer.logs.current_request import current_request_id
from recognizer.models import Job
from recognizer.models.job import JobKind
from recognizer.services.work import broker
from recognizer.services.work.handlers import Hook, handler_of
from recognizer.services.work.queues import TRAIN

TASK = "recognizer.tasks.run_job"
TRAINING_TASK = "recognizer.tasks.run_training"
CANCELLED = "Cancelled."
MAX_PUBLISHED = 1000  # at once, since a request waits for it; workers need minutes for so many


def create_job(kind: JobKind, queue: str, **fields: object) -> Job:
    """Return an unsaved job that `enqueue_on_commit` is going to enqueue."""
    # The sweeper enqueues a job without `enqueued_at` at once, and any other job only some time after it.
    enqueued_at = None if broker.breaker.is_open else timezone.now()
    return Job(kind=kind, queue=queue, enqueued_at=enqueued_at, request=current_request_id(), **fields)


def save_jobs(jobs: Sequence[Job]) -> None:
    """Save new jobs, and enqueue them after the commit. Call it inside a transaction."""
    for job in jobs[MAX_PUBLISHED:]:
        job.enqueued_at = None  # the sweeper enqueues it
    Job.objects.bulk_create(jobs)
    enqueue_on_commit(jobs)


def enqueue_on_commit(jobs: Sequence[Job]) -> None:
    """Enqueue saved jobs after the commit. If Redis is down they stay in the database and the sweeper enqueues them."""

    def send() -> None:  # not a partial: Django logs the function's name if it fails
        enqueue_jobs(jobs)

    transaction.on_commit(send, robust=True)


def enqueue_jobs(jobs: Sequence[Job]) -> int:
    """Publish jobs until Redis does not answer, at most MAX_PUBLISHED, and return how many were published.

    The sweeper publishes the others.
    """
    sent = 0
    with suppress(broker.BrokerDown):
        for job in jobs[:MAX_PUBLISHED]:
            broker.publish(TRAINING_TASK if job.queue == TRAIN else TASK, str(job.pk), queue=job.queue)
            sent += 1
    unsent = [job.pk for job in jobs[sent:] if job.enqueued_at]
    for start in range(0, len(unsent), MAX_PUBLISHED):
        keys = unsent[start : start + MAX_PUBLISHED]
        Job.objects.filter(pk__in=keys, state=Job.State.WAITING).update(enqueued_at=None)
    return sent


def fail_jobs(jobs: QuerySet[Job], error: str) -> int:
    """Fail the jobs for good with this error, and return their number."""
    return sum(_fail(jobs, job, error, handler_of(job).on_give_up) for job in jobs)


def cancel_jobs(jobs: QuerySet[Job]) -> int:
    """Cancel the jobs that wait or run, and return their number. A run that is under way cannot save its results."""
    unfinished = jobs.filter(state__in=[Job.State.WAITING, Job.State.RUNNING])
    return sum(_fail(unfinished, job, CANCELLED, handler_of(job).on_cancel) for job in unfinished)


def _fail(jobs: QuerySet[Job], job: Job, error: str, hook: Hook) -> int:
    """Fail one job and call its hook, unless the job has left the query set in the meantime."""
    with transaction.atomic():
        failed = jobs.filter(pk=job.pk).update(
            state=Job.State.FAILED, error=error, finished_at=timezone.now(), lease_id=None, lease_until=None
        )
        if failed:
            hook(job)
    return failed


def retry_jobs(jobs: QuerySet[Job], *, include_done: bool = False) -> int:
    """Reset failed jobs to their first attempt, enqueue them, and return their number."""
    states = [Job.State.FAILED, Job.State.DONE] if include_done else [Job.State.FAILED]
    with transaction.atomic():
        # The lock makes only one of several retries find the job: it may run already when the others write their rows.
        retried = list(jobs.filter(state__in=states).select_for_update(of=("self",)).order_by("created_at", "pk"))
        for job in retried:
            job.state, job.attempts, job.error, job.done, job.finished_at = Job.State.WAITING, 0, "", 0, None
            job.enqueued_at, job.not_before = timezone.now(), None
            handler_of(job).on_retry(job)
        Job.objects.bulk_update(
            retried, ["state", "attempts", "error", "done", "finished_at", "enqueued_at", "not_before"]
        )
        enqueue_on_commit(retried)
    return len(retried)
