"""What Celery calls. Each task is a door: it takes an id and calls one service."""

import uuid

from celery import shared_task

from recognizer.models import Job
from recognizer.services import jobs
from recognizer.services import purge as purging
from recognizer.services.feature_maps import draw_maps

WORK = {Job.Kind.FEATURE_MAPS: draw_maps}


@shared_task
def run_job(job_id: str) -> None:
    job = jobs.claim(uuid.UUID(job_id))
    if job:
        jobs.run(job, WORK[Job.Kind(job.kind)])


@shared_task
def sweep() -> None:
    jobs.sweep()


@shared_task
def purge() -> None:
    purging.purge()
