"""The decision on an answer: read, unsure or rejected, the reason, and the confidence.

`mlcore.training.evaluation.calibrate` fits the thresholds on validation data and stores them in the artifact's card.
The defaults here serve cards without them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mlcore.reading.found import FoundNumber
from mlcore.reading.result import Decision, Reason

Thresholds = Mapping[str, float]

CONFIDENCE_FEATURES = ("one", "line", "rival", "digits", "weakest", "cuts", "explained", "length", "signs")
# `cuts` tells good cuts from bad ones by how likely each digit's ink is a digit; the names are keys of the card.
PREFIX = "number_"  # begins the names of the features' weights in the card
DEFAULTS = {"number_line": 1.0, "number_digits": 0.5, "number_explained": 1.0, "number_signs": 3.0}


@dataclass(frozen=True, slots=True)
class Verdict:
    decision: Decision
    reason: Reason | None
    confidence: float


def judge_digit(
    confidence: float, is_digit: float, doubt: Reason | None, thresholds: Thresholds, fitting: float | None = None
) -> Verdict:
    """Decide on a single digit. `doubt` is the reason that the picture itself gives to distrust the answer.

    `fitting` is the probability that the digit fits an expectation, if there is one; 0 if this digit does not.
    """
    if is_digit < thresholds.get("is_digit", 0.5):
        return Verdict("rejected", doubt or "not_a_digit", confidence)
    if fitting == 0:
        return Verdict("unsure", "unexpected", confidence)
    confidence *= 1.0 if fitting is None else fitting
    if confidence < sure_threshold(thresholds, is_number=False) or doubt == "too_small":
        return Verdict("unsure", doubt, confidence)
    return Verdict("read", None, confidence)


def judge_number(found: FoundNumber, doubt: Reason | None, thresholds: Thresholds) -> Verdict:
    """Decide on a number."""
    confidence = number_confidence(found, thresholds)
    none_is_a_digit = all(digit.is_digit < thresholds.get("is_digit", 0.5) for digit in found.digits)
    if confidence < thresholds.get("number_reject", 0.02) or none_is_a_digit:
        return Verdict("rejected", doubt or "not_a_digit", confidence)
    if found.fitting == 0:
        return Verdict("unsure", "unexpected", confidence)
    confidence *= 1.0 if found.fitting is None else found.fitting
    if confidence < sure_threshold(thresholds, is_number=True):
        return Verdict("unsure", doubt, confidence)
    return Verdict("read", None, confidence)


def sure_threshold(thresholds: Thresholds, *, is_number: bool) -> float:
    """Return the confidence from which one digit or one line is sure, unless something else is in doubt."""
    return thresholds.get("number_read" if is_number else "read", 0.9)


def number_confidence(found: FoundNumber, thresholds: Thresholds) -> float:
    """Return the probability that the whole text is right, by logistic regression on `confidence_features`."""
    weights = [thresholds.get(PREFIX + name, DEFAULTS.get(PREFIX + name, 0.0)) for name in CONFIDENCE_FEATURES]
    return float(1 / (1 + np.exp(-np.dot(weights, confidence_features(found)))))


def confidence_features(found: FoundNumber) -> list[float]:
    """Return the features in the order of CONFIDENCE_FEATURES."""
    best = [float(digit.probabilities.max()) for digit in found.digits]
    return [
        1.0,
        _logit(found.line),
        float(np.log(found.rival + 1e-4)),
        sum(_log(p) for p in best),
        _logit(min(best, default=0.0)),
        sum(_log(digit.is_digit) for digit in found.digits),  # a wrong cut leaves ink that is no digit
        _log(found.explained),
        float(np.log(max(len(found.digits), 1))),
        _log(found.signs_confidence),
    ]


def _log(share: float) -> float:
    return float(np.log(max(share, 1e-3)))


def _logit(share: float) -> float:
    clipped = min(max(share, 1e-4), 1 - 1e-4)
    return float(np.log(clipped / (1 - clipped)))
