"""What the whole installation holds and does, for those who look after it."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Count, Q, Sum

from recognizer.models import Job, ModelVersion
from recognizer.models.access import Usage
from recognizer.services.work.worker_state import WorkerState, worker_state


@dataclass(frozen=True)
class Installation:
    people: int
    pictures: int
    bytes: int
    model: str
    waiting: int
    running: int
    failed: int
    worker: WorkerState


def installation() -> Installation:
    """Quick with millions of pictures: what each person keeps is counted as it comes."""
    kept = Usage.objects.aggregate(pictures=Sum("pictures", default=0), bytes=Sum("bytes", default=0))
    states = (Job.State.WAITING, Job.State.RUNNING, Job.State.FAILED)
    jobs = Job.objects.filter(state__in=states).aggregate(**{s.value: Count("pk", filter=Q(state=s)) for s in states})
    active = ModelVersion.objects.filter(state=ModelVersion.State.ACTIVE).values_list("version", flat=True)
    return Installation(people=User.objects.count(), model=active.first() or "", worker=worker_state(), **kept, **jobs)
