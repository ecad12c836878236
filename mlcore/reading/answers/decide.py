"""The decision on an answer: read, unsure or rejected, the reason, and the confidence.

`mlcore.training.evaluation.calibrate` fits the thresholds on validation data and stores them in the artifact's card.
The defaults here serve cards without them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mlcore.reading.numbers.found import FoundNumber
from mlcore.reading.result import Decision, Reason

Thresholds = Mapping[str, float]

CONFIDENCE_FEATURES = (
    "one",
    "line",  # log odds of the digits, by the line network
    "rival",  # log probability of its best other text
    "digits",  # sum of the digits' log probabilities
    "weakest",  # log odds of the least probable digit
    "cuts",  # sum of the log probabilities that each digit's ink is a digit: bad cuts leave ink that is none
    "explained",  # log share of the ink that belongs to the number
    "length",  # log number of digits
    "signs",  # log probability of the signs, where the digits are right
    "whole",  # log odds of the digits and signs together
    "each",  # log odds of one digit of the line: the mean over its length
    "boxed",  # 1 where each digit stands in a box, or apart from the others
    "noise",  # of the paper, 0 to 1
    "tall",  # height of the lowest digit, 0 to 1: little writing has lost some of its signs
    "tall_signs",  # the same times the log odds of the least probable sign
)
PREFIX = "number_"  # begins the names of the features' weights in the card; cards before digits-10 have the first nine
FULL_NOISE = 0.05  # a spread of the bare paper that counts as 1
TALL = (12.0, 40.0)  # px: heights that count as 0 and as 1
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
    """Return the probability that the whole text is right, by logistic regression on `confidence_features`.

    A number that fits what is expected is at least as probable as without the expectation.
    """
    own = _regressed_confidence(found, thresholds)
    return own if found.free is None else max(own, _regressed_confidence(found.free, thresholds))


def _regressed_confidence(found: FoundNumber, thresholds: Thresholds) -> float:
    known = {**DEFAULTS, **thresholds}
    weighed = [place for place, name in enumerate(CONFIDENCE_FEATURES) if PREFIX + name in known]
    weights = [known[PREFIX + CONFIDENCE_FEATURES[place]] for place in weighed]
    features = confidence_features(found)
    return float(1 / (1 + np.exp(-np.dot(weights, [features[place] for place in weighed]))))


def confidence_features(found: FoundNumber) -> list[float]:
    """Return the features in the order of CONFIDENCE_FEATURES."""
    best = [float(digit.probabilities.max()) for digit in found.digits]
    count = max(len(found.digits), 1)
    tall = _tallness(min((max(digit.box[2:]) for digit in found.digits), default=0))
    return [
        1.0,
        _logit(found.line),
        float(np.log(found.rival + 1e-4)),
        sum(_log(p) for p in best),
        _logit(min(best, default=0.0)),
        sum(_log(digit.is_digit) for digit in found.digits),  # a wrong cut leaves ink that is no digit
        _log(found.explained),
        float(np.log(count)),
        _log(found.signs_confidence),
        _logit(found.line * found.signs_confidence),
        _logit(found.line ** (1 / count)),
        float(any(digit.placement == "boxed" for digit in found.digits)),
        min(found.noise / FULL_NOISE, 1.0),
        tall,
        tall * _logit(min((sign.confidence for sign in found.signs), default=1.0)),
    ]


def _tallness(height: float) -> float:
    low, high = np.log(TALL)
    return float(np.clip((np.log(height + 1) - low) / (high - low), 0, 1))


def _log(share: float) -> float:
    return float(np.log(max(share, 1e-3)))


def _logit(share: float) -> float:
    clipped = min(max(share, 1e-4), 1 - 1e-4)
    return float(np.log(clipped / (1 - clipped)))
