"""What an answer is worth: read, unsure or rejected, why, and how likely the text is right.

The numbers it needs come from the artifact's card, where `mlcore.training.evaluation.calibrate` wrote them: fitted on
validation data, never on a test. The defaults serve cards without them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mlcore.reading.number import Found
from mlcore.reading.result import Decision, Reason

Thresholds = Mapping[str, float]

FEATURES = ("one", "line", "rival", "digits", "weakest", "cuts", "explained", "length")
PREFIX = "number_"  # of the weights of FEATURES in the card
DEFAULTS = {"number_line": 1.0, "number_digits": 0.5, "number_explained": 1.0}


@dataclass(frozen=True, slots=True)
class Verdict:
    decision: Decision
    reason: Reason | None
    confidence: float


def judge_digit(confidence: float, is_digit: float, doubt: Reason | None, thresholds: Thresholds) -> Verdict:
    """`confidence` that it is a digit and this one; `doubt` is what the picture itself gives reason for."""
    if is_digit < thresholds.get("is_digit", 0.5):
        return Verdict("rejected", doubt or "not_a_digit", confidence)
    if confidence < thresholds.get("read", 0.9) or doubt == "too_small":
        return Verdict("unsure", doubt, confidence)
    return Verdict("read", None, confidence)


def judge_number(found: Found, doubt: Reason | None, thresholds: Thresholds) -> Verdict:
    confidence = number_confidence(found, thresholds)
    none_is_a_digit = all(digit.is_digit < thresholds.get("is_digit", 0.5) for digit in found.digits)
    if confidence < thresholds.get("number_reject", 0.02) or none_is_a_digit:
        return Verdict("rejected", doubt or "not_a_digit", confidence)
    if confidence < thresholds.get("number_read", 0.9):
        return Verdict("unsure", doubt, confidence)
    return Verdict("read", None, confidence)


def number_confidence(found: Found, thresholds: Thresholds) -> float:
    """Logistic in what the line, the digits and the cuts say."""
    weights = [thresholds.get(PREFIX + name, DEFAULTS.get(PREFIX + name, 0.0)) for name in FEATURES]
    return float(1 / (1 + np.exp(-np.dot(weights, features(found)))))


def features(found: Found) -> list[float]:
    """In the order of FEATURES."""
    best = [float(digit.probabilities.max()) for digit in found.digits]
    return [
        1.0,
        _logit(found.line),
        float(np.log(found.rival + 1e-4)),
        sum(_log(p) for p in best),
        _logit(min(best, default=0.0)),
        sum(_log(digit.is_digit) for digit in found.digits),  # a bad cut leaves what is no digit
        _log(found.explained),
        float(np.log(max(len(found.digits), 1))),
    ]


def _log(share: float) -> float:
    return float(np.log(max(share, 1e-3)))


def _logit(share: float) -> float:
    held = min(max(share, 1e-4), 1 - 1e-4)
    return float(np.log(held / (1 - held)))
