"""Mends what was lost: safe when several run at once, and when nothing was lost."""

from datetime import timedelta

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from recognizer.models import Job
from recognizer.queues import BULK, INTERACTIVE
from recognizer.services.work import broker, jobs

# A message that is not answered by a claim within this time may have been lost by Redis.
LOST_AFTER = timedelta(seconds=20)
MOST_PER_SWEEP = 1000


def sweep() -> int:
    """Free what dead workers hold, fail what was tried too often, and put what waits on its queue again.

    Answers how many jobs were put on a queue.
    """
    expired = Job.objects.filter(state=Job.State.RUNNING, lease_until__lt=timezone.now())
    if expired.filter(attempts__gte=settings.JOB_MAX_ATTEMPTS).exists():
        jobs.give_up(expired.filter(attempts__gte=jobs.attempts_allowed()), jobs.DIED)
    expired.update(state=Job.State.WAITING, error=jobs.DIED, lease_id=None, lease_until=None, enqueued_at=None)
    try:
        lengths = broker.queue_lengths([INTERACTIVE, BULK])
    except broker.BrokerDown:
        return 0
    return sum(_requeue(queue, length) for queue, length in lengths.items())


def _requeue(queue: str, length: int) -> int:
    """As many messages on the queue as jobs that wait: then none was lost, the workers are only behind."""
    now = timezone.now()
    waiting = Job.objects.filter(state=Job.State.WAITING, queue=queue)
    missing = min(MOST_PER_SWEEP, waiting.count() - length)
    if missing <= 0:
        return 0
    never_sent = Q(enqueued_at=None)
    lost = waiting.filter(never_sent | Q(enqueued_at__lt=now - LOST_AFTER))
    # Those never sent first: of the others, some are on the queue.
    oldest = lost.order_by(F("enqueued_at").asc(nulls_first=True), "created_at").values_list("pk", flat=True)[:missing]
    # Of several sweepers one changes a row, and that one sends.
    lost.filter(pk__in=list(oldest)).update(enqueued_at=now)
    return jobs.enqueue(list(waiting.filter(enqueued_at=now).order_by("created_at")))
