"""Handlers of background work: what each kind of job does when it runs, fails, is cancelled or is retried."""

from collections.abc import Callable
from dataclasses import dataclass

from recognizer.models import Job
from recognizer.models.job import JobKind

Hook = Callable[[Job], None]


def do_nothing(job: Job) -> None:
    """Leave everything as it is: the hook of kinds that keep no state beside their job."""


def is_never_obsolete(job: Job) -> bool:
    """Return False: the check of kinds whose jobs always have to run."""
    return False


@dataclass(frozen=True, slots=True)
class Handler:
    """One kind of job. `run` ends with `runs.finish_job`; the hooks run in the transaction that changes the row."""

    run: Hook
    on_give_up: Hook = do_nothing  # the job failed for good
    on_cancel: Hook = do_nothing
    on_retry: Hook = do_nothing
    is_obsolete: Callable[[Job], bool] = is_never_obsolete  # an obsolete job is cancelled instead of run
    is_mandatory: bool = False  # failed and cancelled jobs are retried by the sweeper until they succeed
    is_splittable: bool = False  # payload["ids"] lists independent parts, which may run as jobs of their own


registered: dict[str, Handler] = {}


def register(kind: JobKind, handler: Handler) -> None:
    registered[kind] = handler


def handler_of(job: Job) -> Handler:
    return registered[job.kind]


def mandatory_kinds() -> list[str]:
    return [kind for kind, handler in registered.items() if handler.is_mandatory]


def unsplittable_kinds() -> list[str]:
    return [kind for kind, handler in registered.items() if not handler.is_splittable]
