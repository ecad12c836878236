"""Celery tasks. Each one parses its arguments and calls one service."""

import logging
import os
import uuid

from celery import Task, shared_task
from django.conf import settings

from recognizer.logs.current_request import working_for
from recognizer.services.exports.personal_exports import purge_exports
from recognizer.services.exports.table_exports import purge_tables
from recognizer.services.history import picture_retention
from recognizer.services.learning.schedule import start_nightly_training
from recognizer.services.learning.training_run import TRAINING_LIMIT_SECONDS
from recognizer.services.people import sessions
from recognizer.services.people.account_deletion import forget_deletions
from recognizer.services.people.notices import purge_notices
from recognizer.services.space import purge as purging
from recognizer.services.space import query_planner, reconcile, recount
from recognizer.services.work import runs, sweeper, turns
from recognizer.services.work.queues import TRAIN

logger = logging.getLogger(__name__)

NICENESS = 10


@shared_task(bind=True)
def run_job(self: "Task[..., None]", job_id: str) -> None:
    delivery = self.request.delivery_info or {}
    _run(
        job_id, self.request.id, queue=delivery.get("routing_key") or "", redelivered=bool(delivery.get("redelivered"))
    )


# A message that is acknowledged late is delivered again after a minute, which a training outlasts. So this one is
# acknowledged early; if the worker dies, the lease ends, and the sweeper enqueues the job again.
# The pool `solo` enforces no limits, so the run itself does; these replace the shorter ones of other jobs.
@shared_task(bind=True, acks_late=False, soft_time_limit=TRAINING_LIMIT_SECONDS, time_limit=TRAINING_LIMIT_SECONDS)
def run_training(self: "Task[..., None]", job_id: str) -> None:
    os.setpriority(os.PRIO_PROCESS, 0, NICENESS)  # other processes of the machine go first
    _run(job_id, self.request.id, queue=TRAIN)


def _run(job_id: str, message: str | None, *, queue: str, redelivered: bool = False) -> None:
    try:
        job_key = uuid.UUID(job_id)
    except ValueError:
        logger.error("Dropped a message for a job with an invalid id")
        return
    job = turns.claim_by_message(job_key, queue=queue, message=uuid.UUID(message), redelivered=redelivered)
    if job:
        with working_for(job.request):
            runs.run_job(job)


@shared_task
def sweep() -> None:
    sweeper.sweep()


@shared_task
def purge() -> None:
    purging.purge(seconds=settings.JOB_SOFT_LIMIT_SECONDS / 2)
    purge_notices(seconds=settings.JOB_SOFT_LIMIT_SECONDS / 4)
    purge_exports()
    purge_tables()
    query_planner.update_planner_statistics()


@shared_task
def remove_old_pictures() -> None:
    picture_retention.remove_old_pictures(seconds=settings.JOB_SOFT_LIMIT_SECONDS / 2)


@shared_task
def forget_deleted_accounts() -> None:
    forget_deletions(seconds=settings.JOB_SOFT_LIMIT_SECONDS / 2)


@shared_task
def remove_expired_sessions() -> None:
    sessions.remove_expired_sessions(seconds=settings.JOB_SOFT_LIMIT_SECONDS / 2)


@shared_task
def train_at_night() -> None:
    start_nightly_training()


@shared_task
def recount_usage() -> None:
    report = recount.recount(seconds=settings.JOB_SOFT_LIMIT_SECONDS / 2)
    for owner_id, (before, after) in report.corrections.items():
        logger.warning("The usage of account %s was corrected from %s to %s bytes", owner_id, before, after)


@shared_task
def reconcile_media() -> None:
    report = reconcile.reconcile(remove=True, seconds=settings.JOB_SOFT_LIMIT_SECONDS / 2)
    if report.without_file or report.is_suspicious:
        logger.error(
            "%d rows without their file, %d files without a row (%d removed): see manage.py reconcile_media",
            len(report.without_file),
            len(report.without_row),
            report.removed,
        )
