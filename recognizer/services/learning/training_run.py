"""The run of a training in a worker that may load TensorFlow. It may be killed at any moment and run again."""

import logging
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone

from mlcore.artifact import Artifact
from recognizer.models import Job, Training
from recognizer.problems import Problem
from recognizer.services.explaining.training_digits import embed_training_digits
from recognizer.services.learning.consent import lock_training_consent
from recognizer.services.learning.reviewed_numbers import open_pictures
from recognizer.services.learning.selection import Selection, select_digits
from recognizer.services.learning.training_files import folder_of, remove_files, remove_files_of_others, version_of
from recognizer.services.registry.model_files import local_artifact
from recognizer.services.registry.model_versions import registered_model
from recognizer.services.registry.promotion import store_gate
from recognizer.services.work import runs

if TYPE_CHECKING:
    from mlcore.training.evaluation.gate import GateResult
    from mlcore.training.evaluation.held_back import HeldBackResult
    from mlcore.training.recipes.corrections import QuickTraining
    from mlcore.training.recipes.stage import TrainingStage

logger = logging.getLogger(__name__)

TRAINING_LIMIT_SECONDS = 24 * 3600  # of one run
MIN_LEARNT, MIN_HELD_BACK = 10, 1  # digits
SAVE_EVERY_SECONDS = 1.0


class TooFewDigitsError(Exception):
    """A training that has too few digits to learn from, or to compare the models on."""

    code = "too_few_digits"


class TooLongError(Exception):
    """A run that takes longer than a training may."""

    code = "too_long"


class ConsentWithdrawnError(Exception):
    """A candidate that must not be registered, because somebody withdrew the consent while it was made."""


@dataclass
class ProgressWriter:
    """Writes the progress into the row, at most once a second. It stops a run that lost its lease or takes too long.

    Attempts are forgotten only for a stage or an epoch that no earlier run has reached. A training that always ends at
    the same place therefore runs out of attempts, although each run begins with an earlier stage.
    """

    job: Job
    training: Training
    saved_at: float = field(default=-float("inf"))
    began_at: float = field(default_factory=time.monotonic)

    def __call__(self, stage: "TrainingStage") -> None:
        if time.monotonic() - self.began_at >= TRAINING_LIMIT_SECONDS:
            raise TooLongError
        row = self.training
        has_new_epoch = stage.epoch is not None and int(stage.epoch["number"]) > len(row.epochs)
        if has_new_epoch:
            row.epochs = [*row.epochs, dict(stage.epoch or {})]
        is_new_stage = stage.name not in row.stages
        if is_new_stage:
            row.stages = [*row.stages, stage.name]
        is_further = has_new_epoch or is_new_stage
        is_other_stage = stage.name != row.stage
        if not (is_further or is_other_stage) and time.monotonic() - self.saved_at < SAVE_EVERY_SECONDS:
            return
        if not runs.leased_row(self.job).exists():
            raise runs.LeaseLost
        row.stage, row.stage_done, row.seconds_left = stage.name[:40], stage.done, stage.seconds_left
        row.save(update_fields=["stage", "stages", "stage_done", "seconds_left", "epochs"])
        if is_further:
            runs.forget_attempts(self.job)
        self.saved_at = time.monotonic()


def run_training(job: Job) -> None:
    """Train a candidate, compare it with the active model, and register it with the result.

    If somebody withdraws the consent in the meantime, the training begins anew without that person's digits. A saved
    candidate that learnt none of them is kept, and only compared again.
    """
    from mlcore.training.datasets.mnist import DataError

    training = Training.objects.select_related("base").get(job=job)
    remove_files_of_others(training)
    if training.started_at is None:
        training.started_at = timezone.now()
        training.save(update_fields=["started_at"])
    on_stage = ProgressWriter(job, training)
    try:
        with runs.keep_lease(job):
            while True:
                selection = _select_digits(training)
                with suppress(ConsentWithdrawnError):
                    _train(job, training, selection, on_stage)
                    return
                training.epochs = []
    except DataError as error:
        runs.fail_run(job, str(error))
    except (TooFewDigitsError, TooLongError) as error:
        runs.fail_run(job, error.code)
    except runs.LeaseLost:
        if not Training.objects.filter(pk=training.pk, outcome=Training.Outcome.OPEN).exists():
            remove_files(training)  # what this run wrote after the training was stopped
        raise


def _select_digits(training: Training) -> Selection:
    """Return the digits of the training and save how many there are."""
    selection = select_digits(training.created_at)
    training.pictures = selection.counts.as_dict()
    training.save(update_fields=["pictures", "epochs"])
    if selection.counts.digits < MIN_LEARNT or selection.counts.held_back_digits < MIN_HELD_BACK:
        raise TooFewDigitsError
    return selection


def _train(job: Job, training: Training, selection: Selection, on_stage: ProgressWriter) -> None:
    from mlcore.training.recipes.corrections import compare_candidate, train_with_corrections

    base = local_artifact(training.base)
    quick = describe_training(training, base, selection)
    candidate = train_with_corrections(quick, f"training {training.number}", on_stage)
    kept = replace(selection.held_back, numbers=open_pictures(selection.held_back_numbers))
    gate, held_back = compare_candidate(quick, candidate, kept, on_stage)
    save_candidate(job, training, selection.people, candidate, gate, held_back)
    remove_files(training)
    _embed_training_digits(training, quick)


def save_candidate(
    job: Job,
    training: Training,
    people: Collection[int],
    candidate: Artifact,
    gate: "GateResult",
    held_back: "HeldBackResult",
) -> None:
    """Register the candidate with its comparison and end the training, unless one of the people withdrew."""
    with registered_model(candidate.folder) as version, runs.finish_job(job):
        if not lock_training_consent(people):
            raise ConsentWithdrawnError
        store_gate(version, training.base, gate.as_dict())
        training.candidate, training.outcome = version, Training.Outcome.CANDIDATE
        training.epochs = candidate.card.training["history"]
        training.held_back, training.finished_at, training.seconds_left = held_back.as_dict(), timezone.now(), None
        training.save()


def describe_training(training: Training, base: Artifact, selection: Selection) -> "QuickTraining":
    from mlcore.reading.engine import Engine
    from mlcore.training.datasets.reviewed_strips import cut_reviewed_strips
    from mlcore.training.recipes.corrections import QuickTraining

    return QuickTraining(
        base=base,
        corrected=selection.learnt,
        corrected_from=selection.counts.as_dict(),
        lines=cut_reviewed_strips(open_pictures(selection.numbers), Engine(base)) if selection.numbers else None,
        target=folder_of(training) / version_of(training),
        checkpoints=folder_of(training),
        runs=Path(settings.TRAINING_ROOT),
        data=Path(settings.TRAINING_DATA) if settings.TRAINING_DATA else None,
        seed=training.number,
        effort=settings.TRAINING_EFFORT_PERCENT / 100,
    )


def _embed_training_digits(training: Training, quick: "QuickTraining") -> None:
    """Embed digits for the page "Like what". The candidate is complete without them."""
    version: Any = training.candidate
    try:
        embed_training_digits(version, quick.data)
    except (OSError, Problem):
        logger.exception("The training digits of %s were not embedded", version)
