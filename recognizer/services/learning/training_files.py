"""The names of the candidates of trainings, and the folders of their checkpoints and candidates until they end."""

import re
import shutil
from pathlib import Path

from django.conf import settings

from recognizer.models import ModelVersion, Training

CANDIDATE_NAME = "learnt-{}"  # no release is named so, so that no later one is named alike
NUMBER_OF_CANDIDATE = re.compile(r"learnt-(\d{1,9})", re.ASCII)


def version_of(training: Training) -> str:
    """Return the name of the candidate."""
    return CANDIDATE_NAME.format(training.number)


def next_number() -> int:
    """Return a number that no training and no candidate has, since files are named after it."""
    names = ModelVersion.objects.filter(version__startswith=CANDIDATE_NAME.format("")).values_list("version", flat=True)
    of_candidates = [int(match[1]) for name in names if (match := NUMBER_OF_CANDIDATE.fullmatch(name))]
    of_trainings = Training.objects.order_by("-number").values_list("number", flat=True)[:1]
    return max([*of_trainings, *of_candidates], default=0) + 1


def folder_of(training: Training) -> Path:
    return Path(settings.TRAINING_ROOT) / f"training-{training.pk}"


def remove_files(training: Training) -> None:
    """Remove what is left of a training that has ended."""
    shutil.rmtree(folder_of(training), ignore_errors=True)


def remove_files_of_others(training: Training) -> None:
    """Remove what trainings left that ended while this machine had no worker. Only one training is open."""
    for folder in Path(settings.TRAINING_ROOT).glob("training-*"):
        if folder != folder_of(training):
            shutil.rmtree(folder, ignore_errors=True)
