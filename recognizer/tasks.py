"""What Celery calls. Each task is a door: it takes an id and calls one service."""

import uuid

from celery import Task, shared_task

from recognizer.models import Job
from recognizer.services import batch_reading, jobs, reconcile, rescoring, sweeper
from recognizer.services import purge as purging
from recognizer.services.feature_maps import draw_maps

WORK = {
    Job.Kind.FEATURE_MAPS: draw_maps,
    Job.Kind.BATCH_CHUNK: batch_reading.read_chunk,
    Job.Kind.RESCORE: rescoring.read_again,
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
    purging.purge()


@shared_task
def reconcile_media() -> None:
    reconcile.reconcile(remove=True)
