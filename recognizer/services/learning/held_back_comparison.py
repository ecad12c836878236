"""The comparison of a training's candidate on people's pictures, made again after they have reviewed more of them."""

from dataclasses import replace
from typing import TYPE_CHECKING

from django.utils import timezone

from recognizer.models import ModelVersion, Training
from recognizer.services.learning.reviewed_numbers import open_pictures
from recognizer.services.learning.selection import select_digits
from recognizer.services.registry.model_files import local_artifact

if TYPE_CHECKING:
    from mlcore.training.evaluation.gate import Check


def compare_on_held_back(active: ModelVersion, candidate: ModelVersion) -> "Check | None":
    """Return the gate's check on the pictures that are held back now; None for a version that no training made.

    If the active model is the one that the training started from, the training's page shows the figures.
    """
    from mlcore.training.evaluation.held_back import compare_held_back

    training = Training.objects.filter(candidate=candidate).first()
    if training is None:
        return None
    selection = select_digits(timezone.now())
    kept = replace(selection.held_back, numbers=open_pictures(selection.held_back_numbers))
    result = compare_held_back(local_artifact(active), local_artifact(candidate), kept)
    if training.base_id == active.pk:
        training.held_back = result.as_dict()
        training.save(update_fields=["held_back"])
    return result.check
