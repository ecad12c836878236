"""Trainings from the outside: started, cancelled and ended. `training_run` does the work of one."""

import uuid
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from recognizer.models import Job, ModelVersion, Training
from recognizer.problems import Problem
from recognizer.services.learning.selection import count_reviewed_pictures
from recognizer.services.learning.training_files import next_number, remove_files
from recognizer.services.security_log import Event, log_event
from recognizer.services.work.jobs import cancel_jobs, create_job, enqueue_on_commit
from recognizer.services.work.queues import TRAIN
from recognizer.services.work.runs import claim_job

MIN_PICTURES = 20  # that people reviewed; fewer can neither teach nor prove anything


def start_training(*, by: User | None) -> Training:
    """Queue a training from the active model and return it. At most one is open."""
    base = ModelVersion.objects.filter(state=ModelVersion.State.ACTIVE).defer("card", "gate").first()
    if base is None:
        raise Problem("model_unavailable")
    pictures, _people = count_reviewed_pictures()
    if pictures < MIN_PICTURES:
        text = _("A training needs %(count)d reviewed pictures of people who allow it. There are %(found)d.")
        raise Problem("conflict", text % {"count": MIN_PICTURES, "found": pictures})
    job = create_job(Job.Kind.TRAINING, TRAIN)
    try:
        with transaction.atomic():
            job.save(force_insert=True)
            number = next_number()
            training = Training.objects.create(number=number, started_by=by, job=job, base=base)
            enqueue_on_commit([job])
            if by:
                log_event(Event.TRAINING_STARTED, account=by.pk, training=number)
    except IntegrityError as error:
        if not Training.objects.filter(outcome=Training.Outcome.OPEN).exists():
            raise
        raise Problem("conflict", _("Another training is open. Wait for it, or stop it.")) from error
    return training


def trainings_with_models() -> QuerySet[Training]:
    """Return all trainings with what lists and pages show of their models and jobs."""
    return Training.objects.select_related("base", "candidate", "job", "started_by").defer(
        "base__card", "base__gate", "candidate__card"
    )


def claim_here() -> Job:
    """Return the job of the open training, claimed for this process; without one, a training is started."""
    training = Training.objects.filter(outcome=Training.Outcome.OPEN).first() or start_training(by=None)
    job = claim_job(training.job_id, message=uuid.uuid4()) if training.job_id else None
    if job is None:
        raise Problem("conflict", _("A worker is already running training %(number)d.") % {"number": training.number})
    return job


def cancel_training(training: Training, *, by: User | None) -> None:
    """Stop a training. It makes no candidate."""
    stopped = cancel_jobs(Job.objects.filter(training=training))
    if stopped and by:
        log_event(Event.TRAINING_STOPPED, account=by.pk, training=training.number)


def is_obsolete(job: Job) -> bool:
    """Return whether the training has ended, so that its job must not run again."""
    return not _open_trainings(job).exists()


def note_failure(job: Job) -> None:
    # The row of the job says why, since it was changed before this hook is called.
    error = Job.objects.values_list("error", flat=True).get(pk=job.pk)
    _close(job, outcome=Training.Outcome.FAILED, error=error)


def note_cancellation(job: Job) -> None:
    _close(job, outcome=Training.Outcome.CANCELLED)


def _close(job: Job, **values: Any) -> None:
    training = _open_trainings(job).first()
    if training is None:
        return
    _open_trainings(job).update(finished_at=timezone.now(), seconds_left=None, **values)

    def remove() -> None:  # not a partial: Django logs the function's name if it fails
        remove_files(training)

    transaction.on_commit(remove, robust=True)


def _open_trainings(job: Job) -> Any:
    return Training.objects.filter(job=job, outcome=Training.Outcome.OPEN)
