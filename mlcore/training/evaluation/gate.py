"""The gate: whether a candidate model is shown to be no worse than the active one.

Both models answer for the same pictures. Every bound is one-sided at 95 %. The bootstrap draws whole digits, each
with all of its renderings, because ten renderings of one digit are not ten independent digits.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import erfc, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcore.training.evaluation.limits import (
    MAX_CALIBRATION_ERROR,
    MAX_DIGIT_LOSS,
    MAX_HAND_LOSS,
    MAX_LOSS,
    MAX_NUMBER_LOSS,
    MAX_SURE_NEGATIVES,
    MAX_SURE_WRONG,
)
from mlcore.training.evaluation.outcomes import Outcomes

Floats = NDArray[np.float64]

LEVEL = 0.05
RESAMPLES = 4_000
SEED = 0
TOLERANCE = 1.25  # a model may exceed a limit that the active one exceeds as well, but by no more than this factor


@dataclass(frozen=True)
class Check:
    """One thing that the gate compares: what was measured, the limit, and whether it was kept."""

    name: str
    active: float
    candidate: float
    bound: float  # what is held against the limit
    limit: float
    passed: bool


@dataclass(frozen=True)
class GateResult:
    """The checks of one comparison. A candidate passes if all of them do."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)

    def as_dict(self) -> dict[str, Any]:
        return {"passed": self.passed, "checks": [asdict(check) for check in self.checks]}


def compare_outcomes(active: Outcomes, candidate: Outcomes) -> GateResult:
    """Hold a candidate against the active model."""
    checks = [
        _check_loss("digits_right", active.right, candidate.right, MAX_LOSS),
        *_check_each_digit(active, candidate),
        *_check_each_hand(active, candidate),
        _check_share("sure_but_wrong", _sure_wrong(active), _sure_wrong(candidate), MAX_SURE_WRONG),
        _check_share(
            "sure_negatives", active.sure_negatives.mean(), candidate.sure_negatives.mean(), MAX_SURE_NEGATIVES
        ),
        _check_share("calibration_error", active.calibration_error, candidate.calibration_error, MAX_CALIBRATION_ERROR),
    ]
    if active.exact_numbers.size:
        exact = candidate.exact_numbers if candidate.exact_numbers.size else np.zeros_like(active.exact_numbers)
        checks.append(_check_loss("numbers_exact", active.exact_numbers[None], exact[None], MAX_NUMBER_LOSS))
    return GateResult(tuple(checks))


def _check_loss(name: str, active: NDArray[np.bool_], candidate: NDArray[np.bool_], limit: float) -> Check:
    """Check the lower bound of the difference in the share that is right; the arrays are (V, D)."""
    bound = lower_bound(differences(active, candidate), LEVEL)
    return Check(name, float(active.mean()), float(candidate.mean()), bound, -limit, bound >= -limit)


def _check_each_digit(active: Outcomes, candidate: Outcomes) -> list[Check]:
    """Check that no digit loses more than allowed: Holm's procedure over the digits that are there."""
    digits = [digit for digit in range(10) if (active.labels == digit).any()]
    pairs = [(active.right[:, active.labels == d], candidate.right[:, active.labels == d]) for d in digits]
    chances = [chance_of_less_loss(differences(*pair), MAX_DIGIT_LOSS) for pair in pairs]
    lost = holm_rejects(chances, LEVEL)
    return [
        Check(f"digit_{digit}", float(old.mean()), float(new.mean()), chance, LEVEL, not is_lost)
        for digit, (old, new), chance, is_lost in zip(digits, pairs, chances, lost, strict=True)
    ]


def _check_each_hand(active: Outcomes, candidate: Outcomes) -> list[Check]:
    """Check that the probability of what was written falls in no style of handwriting significantly more than allowed.

    Holm's procedure over the styles. All of them are one check; each one that lost too much is another.
    """
    chances = [
        chance_of_less_fall(new - old, MAX_HAND_LOSS)
        for old, new in zip(active.hand_probabilities, candidate.hand_probabilities, strict=True)
    ]
    are_lost = holm_rejects(chances, LEVEL)
    before, after = (each.hand_probabilities.mean(axis=1).tolist() for each in (active, candidate))
    lowest = min(1.0, min(chances) * len(chances))  # by Holm's first step
    rows = zip(active.hands, before, after, chances, are_lost, strict=True)
    return [
        Check("hands", float(np.mean(before)), float(np.mean(after)), lowest, LEVEL, not any(are_lost)),
        *(
            Check(f"hand_{name}", old, new, chance, LEVEL, passed=False)
            for name, old, new, chance, lost in rows
            if lost
        ),
    ]


def _check_share(name: str, active: float, candidate: float, limit: float) -> Check:
    limit = max(limit, float(active) * TOLERANCE)
    return Check(name, float(active), float(candidate), float(candidate), limit, bool(candidate <= limit))


def _sure_wrong(outcomes: Outcomes) -> float:
    return float((outcomes.sure & ~outcomes.right).sum() / max(outcomes.sure.sum(), 1))


def differences(active: NDArray[np.bool_], candidate: NDArray[np.bool_]) -> Floats:
    """Return for each digit (D,) what the candidate gains in the share of views that are right; from (V, D)."""
    return np.asarray(candidate.mean(axis=0) - active.mean(axis=0), np.float64)


def lower_bound(gains: Floats, level: float) -> float:
    """Return the one-sided lower bound of the mean gain, by a seeded bootstrap over the digits (D,)."""
    return float(np.quantile(_resampled_means(gains), level))


def chance_of_less_loss(gains: Floats, limit: float) -> float:
    """Return the p-value of "the mean loss is at most `limit`": the resampled means shifted to that loss."""
    means = _resampled_means(gains)
    return float((1 + (means - gains.mean() - limit <= gains.mean()).sum()) / (1 + len(means)))


def chance_of_less_fall(gains: Floats, limit: float) -> float:
    """Return the p-value of "the mean falls by at most `limit`", for so many gains that their mean is normal."""
    excess, error = float(gains.mean()) + limit, float(gains.std()) / sqrt(len(gains))
    if not error:
        return float(excess >= 0)
    return erfc(-excess / error / sqrt(2)) / 2


def _resampled_means(gains: Floats) -> Floats:
    """Return the means of RESAMPLES draws of as many digits, with replacement."""
    values, counts = np.unique(gains, return_counts=True)
    drawn = np.random.default_rng(SEED).multinomial(len(gains), counts / len(gains), RESAMPLES)
    return np.asarray(drawn @ values / len(gains), np.float64)


def holm_rejects(chances: Sequence[float], level: float) -> list[bool]:
    """Return which hypotheses Holm's procedure rejects, so that a false rejection among all has this level."""
    rejected = [False] * len(chances)
    for place, index in enumerate(sorted(range(len(chances)), key=lambda index: chances[index])):
        if chances[index] > level / (len(chances) - place):
            break
        rejected[index] = True
    return rejected
