"""The comparison of two models on digits that people confirmed or corrected and that no training learnt from.

A picture counts as often as pictures like it were given: an audited one, which was chosen with a known probability,
by the inverse of that probability, every other one once.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcore.artifact import Artifact
from mlcore.reading.engine import Engine
from mlcore.training.datasets.mnist import Digits
from mlcore.training.evaluation.gate import LEVEL, RESAMPLES, SEED, Check

PART = 256  # images that the network classifies at once, and resamples that are drawn at once


@dataclass(frozen=True)
class HeldBack:
    """Digits that were held back, with the picture of each, its weight, and whether a person corrected the picture."""

    digits: Digits
    pictures: NDArray[np.int64]  # (N,) number of the picture, from 0
    weights: NDArray[np.float64]  # (N,)
    corrected: NDArray[np.bool_]  # (N,)


@dataclass(frozen=True)
class Share:
    """Numbers of the digits of one kind that each model reads right."""

    digits: int
    active: int
    candidate: int


@dataclass(frozen=True)
class HeldBackResult:
    """The comparison: what was confirmed, what was corrected, and the weighted gain with its lower bound."""

    pictures: int
    confirmed: Share
    corrected: Share
    active: float  # weighted share that the active model reads right
    candidate: float
    bound: float  # one-sided lower bound of the gain at 95 %

    @property
    def check(self) -> Check:
        """Return the gate's check: the candidate is shown to read more of what people held back."""
        return Check("held_back_gain", self.active, self.candidate, self.bound, 0.0, self.bound > 0)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def compare_held_back(active: Artifact, candidate: Artifact, held_back: HeldBack) -> HeldBackResult:
    """Let both models classify the digits. Of corrected pictures the active model got something wrong by definition."""
    before, after = (_are_right(artifact, held_back.digits) for artifact in (active, candidate))
    total = max(float(held_back.weights.sum()), 1e-9)
    return HeldBackResult(
        pictures=len(np.unique(held_back.pictures)),
        confirmed=_count(before, after, ~held_back.corrected),
        corrected=_count(before, after, held_back.corrected),
        active=float(held_back.weights @ before / total),
        candidate=float(held_back.weights @ after / total),
        bound=gain_bound(after.astype(float) - before, held_back.weights, held_back.pictures),
    )


def gain_bound(gains: NDArray[np.float64], weights: NDArray[np.float64], pictures: NDArray[np.int64]) -> float:
    """Return the lower bound of the weighted mean gain, by a seeded bootstrap that draws whole pictures."""
    if not len(gains):
        return 0.0
    totals = np.bincount(pictures, weights * gains)  # (P,)
    sizes = np.bincount(pictures, weights)
    rng = np.random.default_rng(SEED)
    means = []
    for start in range(0, RESAMPLES, PART):
        count = min(PART, RESAMPLES - start)
        drawn = rng.multinomial(len(sizes), np.full(len(sizes), 1 / len(sizes)), count)  # (count, P)
        means.append(drawn @ totals / np.maximum(drawn @ sizes, 1e-9))
    return float(np.quantile(np.concatenate(means), LEVEL))


def _are_right(artifact: Artifact, digits: Digits) -> NDArray[np.bool_]:
    engine = Engine(artifact)
    parts = [engine.logits(digits.images[start : start + PART]) for start in range(0, len(digits), PART)]
    if not parts:
        return np.zeros(0, np.bool_)
    return np.asarray(np.concatenate(parts).argmax(axis=1) == digits.labels)


def _count(before: NDArray[np.bool_], after: NDArray[np.bool_], chosen: NDArray[np.bool_]) -> Share:
    return Share(int(chosen.sum()), int(before[chosen].sum()), int(after[chosen].sum()))
