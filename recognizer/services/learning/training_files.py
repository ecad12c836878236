"""The names of the candidates of trainings, and where their files are until they are registered."""

import re
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
