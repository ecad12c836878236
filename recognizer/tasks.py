"""What Celery calls. Each task is a door: it takes an id and calls one service."""

import logging
import uuid

from celery import Task, shared_task
from django.conf import settings

from recognizer.models import Job
from recognizer.services.batches import chunks
from recognizer.services.reading import rescoring
from recognizer.services.reading.feature_maps import draw_maps
from recognizer.services.space import purge as purging
from recognizer.services.space import query_planner, reconcile
from recognizer.services.work import jobs, sweeper

logger = logging.getLogger(__name__)

WORK = {
    Job.Kind.FEATURE_MAPS: draw_maps,
    Job.Kind.BATCH_CHUNK: chunks.read_chunk,
    Job.Kind.RESCORE: rescoring.rescore_chunk,
}


@shared_task(bind=True)
def run_job(self: "Task[..., None]", job_id: str) -> None:
    redelivered = bool((self.request.delivery_info or {}).get("redelivered"))
    job = jobs.claim(uuid.UUID(job_id), message=uuid.UUID(self.request.id), redelivered=redelivered)
    if job:
        jobs.run(job, WORK[Job.Kind(job.kind)])


@shared_task
def sweep() -> None:
    sweeper.sweep()


@shared_task
def purge() -> None:
    purging.purge(seconds=settings.JOB_SOFT_LIMIT_SECONDS / 2)
    query_planner.update_planner_statistics()


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
