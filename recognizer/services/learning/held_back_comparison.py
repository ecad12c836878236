"""The comparison of a training's candidate on people's pictures, made again after they have reviewed more of them."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from recognizer.models import ModelVersion, Training
from recognizer.services.learning.reviewed_numbers import open_pictures
from recognizer.services.learning.selection import Counts, select_digits
from recognizer.services.registry.model_files import local_artifact
from recognizer.services.registry.promotion import store_gate

if TYPE_CHECKING:
    from mlcore.training.evaluation.gate import GateResult
    from mlcore.training.evaluation.held_back import HeldBackResult


@dataclass(frozen=True)
class HeldBackComparison:
    """The figures of a training's candidate on the pictures that are held back now, with their numbers."""

    training: Training
    result: "HeldBackResult"
    counts: Counts


def compare_on_held_back(active: ModelVersion, candidate: ModelVersion) -> HeldBackComparison | None:
    """Compare the models on the pictures that are held back now; None for a version that no training made."""
    from mlcore.training.evaluation.held_back import compare_held_back

    training = Training.objects.filter(candidate=candidate).first()
    if training is None:
        return None
    selection = select_digits(timezone.now())
    kept = replace(selection.held_back, numbers=open_pictures(selection.held_back_numbers))
    result = compare_held_back(local_artifact(active), local_artifact(candidate), kept)
    return HeldBackComparison(training, result, selection.counts)


def store_comparison(
    active: ModelVersion, candidate: ModelVersion, gate: "GateResult", better: HeldBackComparison | None
) -> "GateResult":
    """Keep the comparison of a candidate, and return it with the check on people's pictures.

    If the active model is the one that the training started from, the training's page shows the figures.
    """
    if better:
        gate = replace(gate, checks=(*gate.checks, better.result.check))
    with transaction.atomic():
        store_gate(candidate, active, gate.as_dict())
        if better and better.training.base_id == active.pk:
            training = better.training
            training.held_back = better.result.as_dict()
            training.pictures |= better.counts.of_held_back()
            training.save(update_fields=["held_back", "pictures"])
    return gate
