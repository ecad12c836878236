"""The confidence from which an answer is sure, by the card of the model that gave it."""

from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from mlcore.reading.answers.decide import Thresholds, sure_threshold
from recognizer.models import ModelVersion, Prediction, Stream
from recognizer.models.prediction import Mode


@lru_cache(maxsize=100)
def thresholds_of(version_id: UUID) -> Thresholds:
    """Return the thresholds of a version. A card never changes, so each process asks the database once."""
    return ModelVersion.objects.values_list("card__thresholds", flat=True).get(pk=version_id) or {}


def sure_from(written: str, mode: str, thresholds: Thresholds, in_force: float | None = None) -> float:
    """Return the confidence from which an answer in this mode is sure: the threshold in force in its stream, if any."""
    if in_force is not None:
        return in_force
    return sure_threshold(thresholds, is_number=mode == Mode.NUMBER or len(written) > 1)


def threshold_of(prediction: Prediction) -> float:
    """Return the confidence from which the answer would be sure. Pages name it where the answer is not."""
    stream = prediction.stream if prediction.decision == Prediction.Decision.UNSURE else None
    in_force = stream.threshold if stream else None
    return sure_from(prediction.written, prediction.mode, thresholds_of(prediction.model_id), in_force)


@dataclass(frozen=True, slots=True)
class SureRule:
    """The confidence from which answers like one are sure now, and the stream whose target sets it, if one does."""

    confidence: float
    stream: Stream | None


def sure_rule(prediction: Prediction) -> SureRule:
    """Return the rule for answers like this one. It may have changed since this one was read."""
    stream = prediction.stream
    in_force = stream.threshold if stream else None
    confidence = sure_from(prediction.written, prediction.mode, thresholds_of(prediction.model_id), in_force)
    return SureRule(confidence, None if in_force is None else stream)
