"""Status of the whole installation for its administrators: accounts, storage, jobs, model and worker."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Count, Q, Sum

from recognizer.models import Job, ModelVersion
from recognizer.models.access import Usage
from recognizer.services.work.worker_state import WorkerState, worker_state


@dataclass(frozen=True)
class InstallationStatus:
    people: int
    pictures: int
    bytes: int
    model: str
    waiting: int
    running: int
    failed: int
    worker: WorkerState


def fetch_installation_status() -> InstallationStatus:
    """Return the status. It stays fast with millions of pictures, because the usage of each owner is a stored sum."""
    usage = Usage.objects.aggregate(pictures=Sum("pictures", default=0), bytes=Sum("bytes", default=0))
    states = (Job.State.WAITING, Job.State.RUNNING, Job.State.FAILED)
    jobs = Job.objects.filter(state__in=states).aggregate(**{s.value: Count("pk", filter=Q(state=s)) for s in states})
    active = ModelVersion.objects.filter(state=ModelVersion.State.ACTIVE).values_list("version", flat=True)
    return InstallationStatus(
        people=User.objects.count(), model=active.first() or "", worker=worker_state(), **usage, **jobs
    )
