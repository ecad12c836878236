"""Metrics of what is stored, asked from the database. They are the same on every machine, and survive every restart."""

import threading
import time
from collections.abc import Iterator

from django.contrib.auth.models import User
from django.db.models import Count, F, IntegerField, Max, Min, Sum
from django.db.models.functions import Cast, Floor, Least
from django.utils import timezone

from recognizer.models import Backup, Correction, Job, ModelVersion, Prediction, Usage
from recognizer.services.monitoring.exposition import Family, sample
from recognizer.services.work import broker
from recognizer.services.work.queues import QUEUES
from recognizer.services.work.worker_state import fetch_worker_state

KEPT_SECONDS = 10.0
MAX_SHARE = 0.05  # of the time, for which a process asks the database


class StoredMetrics:
    """The last answer of the database. A large one, which takes long to count, is kept for longer."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.families: tuple[Family, ...] = ()
        self.valid_until = -float("inf")

    def get(self) -> tuple[Family, ...]:
        with self.lock:
            started = time.monotonic()
            if started >= self.valid_until:
                self.families = tuple(fetch_families())
                ended = time.monotonic()
                self.valid_until = ended + max(KEPT_SECONDS, (ended - started) / MAX_SHARE)
            return self.families


stored_metrics = StoredMetrics()


def fetch_families() -> Iterator[Family]:
    yield from _predictions()
    yield from _corrections()
    yield from _jobs()
    yield from _queues()
    yield from _installation()


def _predictions() -> Iterator[Family]:
    name, confidence = "digitscribe_predictions", "digitscribe_predictions_confidence"
    tenth = Least(Cast(Floor(F("confidence") * 10), IntegerField()), 9)
    kinds = (
        Prediction.objects.order_by().annotate(tenth=tenth).values_list("decision", "model__version", "mode", "tenth")
    )
    by_kind: dict[str, float] = {}
    by_confidence = dict.fromkeys((sample(confidence, at_least=f"0.{tenth}") for tenth in range(10)), 0.0)
    for decision, model, mode, tenth_found, count in kinds.annotate(Count("pk")):
        key = sample(name, decision=decision, model=model, mode=mode)
        by_kind[key] = by_kind.get(key, 0) + count
        by_confidence[sample(confidence, at_least=f"0.{tenth_found}")] += count
    yield Family(name, "gauge", "Stored predictions by decision, model and mode.", tuple(sorted(by_kind.items())))
    text = "Stored predictions by confidence, in tenths."
    yield Family(confidence, "gauge", text, tuple(by_confidence.items()))


def _corrections() -> Iterator[Family]:
    name = "digitscribe_corrections"
    groups = Correction.objects.order_by().values_list("kind").annotate(Count("pk"))
    values = tuple((sample(name, kind=kind), float(count)) for kind, count in groups)
    yield Family(name, "gauge", "Stored corrections by kind.", values)


def _jobs() -> Iterator[Family]:
    name = "digitscribe_jobs"
    groups = Job.objects.order_by().values_list("kind", "state").annotate(Count("pk"))
    values = tuple((sample(name, kind=kind, state=state), float(count)) for kind, state, count in groups)
    yield Family(name, "gauge", "Jobs by kind and state.", tuple(sorted(values)))


def _queues() -> Iterator[Family]:
    """Yield the waiting jobs of the database, which are the truth, and the messages in Redis."""
    now = timezone.now()
    waiting = Job.objects.filter(state=Job.State.WAITING).order_by().values_list("queue")
    found = {queue: (count, oldest) for queue, count, oldest in waiting.annotate(Count("pk"), Min("created_at"))}
    jobs, ages = {}, {}
    for queue in QUEUES:
        count, oldest = found.get(queue, (0, now))
        jobs[sample("digitscribe_waiting_jobs", queue=queue)] = float(count)
        ages[sample("digitscribe_oldest_waiting_job_seconds", queue=queue)] = (now - oldest).total_seconds()
    yield Family("digitscribe_waiting_jobs", "gauge", "Jobs that wait for a worker.", tuple(jobs.items()))
    text = "Age of the oldest waiting job."
    yield Family("digitscribe_oldest_waiting_job_seconds", "gauge", text, tuple(ages.items()))
    try:
        lengths = broker.queue_lengths(QUEUES)
    except broker.BrokerDown:
        lengths = {}
    messages = tuple((sample("digitscribe_messages", queue=queue), float(n)) for queue, n in lengths.items())
    yield Family("digitscribe_messages", "gauge", "Messages in Redis that no worker has received.", messages)
    yield _single("digitscribe_redis_up", "Whether Redis answers.", bool(lengths))
    yield _single("digitscribe_worker_up", "Whether a worker has sent a heartbeat.", fetch_worker_state().is_working)


def _installation() -> Iterator[Family]:
    usage = Usage.objects.aggregate(pictures=Sum("pictures", default=0), bytes=Sum("bytes", default=0))
    yield _single("digitscribe_accounts", "Accounts.", User.objects.count())
    yield _single("digitscribe_pictures", "Stored pictures.", usage["pictures"])
    yield _single("digitscribe_stored_bytes", "Bytes that count towards the quotas.", usage["bytes"])
    active = ModelVersion.objects.filter(state=ModelVersion.State.ACTIVE).values_list("version", flat=True)
    models = tuple((sample("digitscribe_active_model", model=version), 1.0) for version in active)
    yield Family("digitscribe_active_model", "gauge", "The model version that reads new pictures.", models)
    latest = Backup.objects.aggregate(latest=Max("finished_at"))["latest"]
    if latest:
        text = "When the last backup was finished, in seconds since 1970."
        yield _single("digitscribe_last_backup_timestamp_seconds", text, latest.timestamp())


def _single(name: str, text: str, value: float) -> Family:
    return Family(name, "gauge", text, ((name, float(value)),))
