"""Audits: which stored answers are chosen at random, to be checked by a person who does not know it."""

from django.conf import settings

from mlcore.quality.audit import is_chosen
from mlcore.quality.promise import THRESHOLDS
from mlcore.quality.threshold import may_be_sure
from mlcore.reading.result import Reading
from recognizer.models import Prediction, Stream


def is_audited(stream: Stream, prediction: Prediction, reading: Reading) -> bool:
    """Return whether the seeded hash chooses this answer. Answers that no threshold would call sure are left out."""
    if not may_be_sure(reading) or (prediction.decision == "unsure" and prediction.confidence < THRESHOLDS[-1]):
        return False
    return is_chosen(stream.seed, str(prediction.pk), audited_share(stream))


def audited_share(stream: Stream) -> float:
    """Return the share of answers to audit. Without a wish the installation's setting counts, whenever it changes."""
    return settings.AUDITED_SHARE if stream.wish is None else stream.share
