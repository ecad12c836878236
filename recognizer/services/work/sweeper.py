"""The sweeper repairs what workers and Redis have lost. Several may run at once, also when nothing was lost."""

from datetime import timedelta

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from recognizer.models import Job
from recognizer.services.work import broker
from recognizer.services.work.handlers import mandatory_kinds
from recognizer.services.work.jobs import MAX_PUBLISHED, enqueue_jobs, fail_jobs, retry_jobs
from recognizer.services.work.queues import BULK, INTERACTIVE, TRAIN
from recognizer.services.work.runs import WORKER_DIED, allowed_attempts, is_due

LOST_AFTER = timedelta(seconds=20)  # without a claim for so long, a message may be lost
# The clocks of machines may differ by so much. A time that lies further ahead was written before a clock was set back.
CLOCK_TOLERANCE = timedelta(seconds=60)


def sweep() -> int:
    """Release jobs whose lease has expired, fail those without an attempt left, and enqueue lost jobs again.

    Mandatory jobs that failed or were cancelled begin again. Return how many jobs were enqueued.
    """
    now = timezone.now()
    latest_lease = now + timedelta(seconds=settings.JOB_LEASE_SECONDS) + CLOCK_TOLERANCE
    has_expired = Q(lease_until__lt=now) | Q(lease_until__gt=latest_lease)
    expired = Job.objects.filter(has_expired, state=Job.State.RUNNING)
    if expired.filter(attempts__gte=settings.JOB_MAX_ATTEMPTS).exists():
        fail_jobs(expired.filter(attempts__gte=allowed_attempts()), WORKER_DIED)
    expired.update(state=Job.State.WAITING, error=WORKER_DIED, lease_id=None, lease_until=None, enqueued_at=None)
    retry_jobs(Job.objects.filter(kind__in=mandatory_kinds()))
    try:
        lengths = broker.queue_lengths([INTERACTIVE, BULK, TRAIN])
    except broker.BrokerDown:
        return 0
    return sum(_enqueue_lost_jobs(queue, length) for queue, length in lengths.items())


def _enqueue_lost_jobs(queue: str, length: int) -> int:
    """Enqueue the jobs whose messages are missing: those that wait, less the messages on the queue.

    Where the queue has a message for each, none is lost, and the workers are only slow.
    """
    now = timezone.now()
    waiting = Job.objects.filter(is_due(), state=Job.State.WAITING, queue=queue)
    missing = min(MAX_PUBLISHED, waiting.count() - length)
    if missing <= 0:
        return 0
    never_sent = Q(enqueued_at=None)
    sent_long_ago = Q(enqueued_at__lt=now - LOST_AFTER) | Q(enqueued_at__gt=now + CLOCK_TOLERANCE)
    maybe_lost = waiting.filter(never_sent | sent_long_ago)
    # Jobs that were never sent come first, because some of the others may be on the queue.
    oldest_first = maybe_lost.order_by(F("enqueued_at").asc(nulls_first=True), "created_at")
    chosen = list(oldest_first.values_list("pk", flat=True)[:missing])
    # Of several sweepers only one updates a row, and that one sends the job.
    maybe_lost.filter(pk__in=chosen).update(enqueued_at=now)
    return enqueue_jobs(list(waiting.filter(enqueued_at=now).order_by("created_at")))
