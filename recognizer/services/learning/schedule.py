"""The schedule of trainings: one starts at night if enough was corrected since the last candidate."""

import logging

from django.conf import settings

from recognizer.models import Correction, Training, Upload
from recognizer.problems import Problem
from recognizer.services.learning.consent import people_with_training_consent
from recognizer.services.learning.trainings import start_training

logger = logging.getLogger(__name__)


def start_nightly_training() -> Training | None:
    """Start a training if the operator wants one at night and enough is new. Return it, or None."""
    least = settings.TRAINING_NIGHTLY_FROM
    if not least or count_new_corrections() < least:
        return None
    try:
        return start_training(by=None)
    except Problem as problem:  # another one is open, or there are too few reviewed pictures
        logger.info("No training starts tonight: %s", problem.detail)
        return None


def count_new_corrections() -> int:
    """Return how many pictures of people who give consent were corrected since the training of the last candidate."""
    last = Training.objects.filter(outcome=Training.Outcome.CANDIDATE).order_by("-created_at").first()
    corrections = Correction.objects.filter(
        kind__in=(Correction.Kind.CORRECT, Correction.Kind.NOT_A_DIGIT),
        upload__owner__in=people_with_training_consent(),
        upload__deleted_at=None,
    )
    if last:
        corrections = corrections.filter(created_at__gt=last.created_at)
    return Upload.objects.filter(pk__in=corrections.values("upload")).exclude(original="").count()
