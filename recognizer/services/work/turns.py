"""Turns on the queue of bulk work: accounts share it equally, however many jobs each of them has.

A message of this queue says that a job waits, not which one runs next. So the job that a worker claims is one of an
account that is drawn from those with waiting jobs. Each account has the same chance, so nobody waits for the thousand
documents of another. The database holds no more for it than the jobs themselves.
"""

import random
import uuid

from django.db.models import F

from recognizer.models import Job
from recognizer.services.work.queues import BULK
from recognizer.services.work.runs import claim_job, is_due

MAX_DRAWS = 8  # another worker may claim the drawn job first


def claim_by_message(job_id: uuid.UUID, *, queue: str, message: uuid.UUID, redelivered: bool = False) -> Job | None:
    """Claim the job that a message names, or of bulk work the one whose turn it is. Return None if there is none.

    `queue` is that of the message: its job may be gone, and another bulk job wait for it.
    """
    if queue != BULK:
        return claim_job(job_id, message=message, redelivered=redelivered)
    if redelivered:
        for started in Job.objects.filter(state=Job.State.RUNNING, lease_id=message):
            if job := claim_job(started.pk, message=message, redelivered=True):
                return job
    for _ in range(MAX_DRAWS):
        drawn = draw_waiting_job()
        if drawn is None:
            return None
        if job := claim_job(drawn, message=message):
            return job
    return None  # the sweeper sends a message for each job that still waits


def draw_waiting_job() -> uuid.UUID | None:
    """Return the key of the job that was queued first, among those whose turn is drawn. None if none waits.

    Of the jobs that belong to no batch each kind has a turn: the deletion of an account does not wait for a million
    pictures that are read again.
    """
    waiting = Job.objects.filter(is_due(), state=Job.State.WAITING, queue=BULK)
    pairs = waiting.order_by().values_list(Job.OWNER, "kind").distinct()
    turns = {(owner, kind if owner is None else None) for owner, kind in pairs}
    if not turns:
        return None
    owner, kind = random.choice(list(turns))  # noqa: S311  (no secret)
    own = waiting.filter(batch=None, kind=kind) if owner is None else waiting.filter(**{Job.OWNER: owner})
    in_order = own.order_by(F("enqueued_at").asc(nulls_last=True), "created_at", "pk")
    return in_order.values_list("pk", flat=True).first()
