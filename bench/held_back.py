"""The check `held_back_gain`, counted: how often an equal candidate passes it, and how often the real one does.

The digits are those of the simulated writers of `bench.learning`, as both models really classify them. People review
them in several ways that depend on what the active model says. An equal candidate exchanges both models at random for
each digit, so that neither is better, while they still disagree as often as they did.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.hands import simulate_writers
from mlcore.artifact import Artifact
from mlcore.reading.answers.decide import sure_threshold
from mlcore.reading.engine import Engine, to_scores
from mlcore.training.datasets.mnist import Digits, concatenate
from mlcore.training.evaluation.held_back import UNREVIEWED, HeldBack, judge_held_back

WRITERS, OF_EACH, ROUND = 20, 150, 1_000  # the digits on which `bench.learning` counts errors
SIZES = (100, 300)  # held-back pictures


@dataclass(frozen=True)
class Reviews:
    """The shares that people review of the active model's errors, right, unsure, and audited sure answers."""

    name: str
    corrected: float
    confirmed: float
    unsure: float = 0.0
    audited: float = 0.0


WAYS = (
    Reviews("every error", 1, 0),
    Reviews("every error, 10 % of the others", 1, 0.1),
    Reviews("80 % of errors, 30 % of others", 0.8, 0.3),
    Reviews("half of the errors", 0.5, 0),
    Reviews("unsure ones, 1 in 50 audited", 0, 0, 1, 0.02),
    Reviews("1 in 5 sure answers audited", 0, 0, 0, 0.2),
    Reviews("everything", 1, 1),
)


@dataclass(frozen=True)
class Answers:
    """The answers of one model to the digits."""

    classes: NDArray[np.int64]
    sure: NDArray[np.bool_]

    @classmethod
    def of(cls, artifact: Artifact, digits: Digits) -> "Answers":
        logits = Engine(artifact).logits(digits.images)
        scores = to_scores(logits, artifact.card.temperature)
        confidence = scores.is_digit * scores.probabilities.max(axis=1)
        sure = confidence >= sure_threshold(artifact.card.thresholds, is_number=False)
        return cls(logits.argmax(axis=1), np.asarray(sure, np.bool_))

    def mixed(self, other: "Answers", chosen: NDArray[np.bool_]) -> "Answers":
        """Return the other model's answers where they are chosen."""
        return Answers(np.where(chosen, other.classes, self.classes), np.where(chosen, other.sure, self.sure))

    def __getitem__(self, places: NDArray[np.intp]) -> "Answers":
        return Answers(self.classes[places], self.sure[places])


def report_held_back(active: Artifact, candidate: Artifact, count: int) -> Iterator[str]:
    """Yield a line for each way of reviewing."""
    digits = concatenate([writer.write(OF_EACH, ROUND) for writer in simulate_writers(WRITERS)])
    before, after = Answers.of(active, digits), Answers.of(candidate, digits)
    right = ((answers.classes == digits.labels).mean() for answers in (before, after))
    yield "    the writers' digits: {:.1%} right before, {:.1%} after; ".format(*right) + (
        f"`held_back_gain` of {', '.join(map(str, SIZES))} held-back pictures, made equal and as it is"
    )
    for way in WAYS:
        rates = [pass_rates(before, after, digits, way, size, count) for size in SIZES]
        equal, real = (" ".join(f"{rate:6.1%}" for rate in each) for each in zip(*rates, strict=True))
        yield f"    {way.name:32} equal {equal}   as it is {real}"


def pass_rates(
    before: Answers, after: Answers, digits: Digits, way: Reviews, size: int, count: int
) -> tuple[float, float]:
    """Return how often an equal candidate passes, and how often this one, with so many pictures drawn at random."""
    rng = np.random.default_rng(7)
    passed = np.zeros(2)
    for _ in range(count):
        places = rng.integers(0, len(digits), size)
        old, new, drawn = before[places], after[places], digits[places]
        exchanged = rng.random(size) < 0.5
        pairs = ((old.mixed(new, exchanged), new.mixed(old, exchanged)), (old, new))
        for kind, (one, other) in enumerate(pairs):
            kept = review(one, drawn, way, rng)
            passed[kind] += judge_held_back(one.classes, other.classes, kept).check.passed
    equal, real = passed / count
    return float(equal), float(real)


def review(active: Answers, digits: Digits, way: Reviews, rng: np.random.Generator) -> HeldBack:
    """Let people review some of the digits, of which each is a picture."""
    is_right = active.classes == digits.labels
    audited = active.sure & (rng.random(len(digits)) < way.audited)
    shares = np.where(is_right, way.confirmed, way.corrected)
    reviewed = audited | (rng.random(len(digits)) < np.where(active.sure, shares, np.maximum(shares, way.unsure)))
    labels = np.where(reviewed, digits.labels, UNREVIEWED).astype(np.uint8)
    return HeldBack(
        Digits(digits.images, labels),
        pictures=np.arange(len(digits)),
        corrected=reviewed & ~is_right,
        audited=audited / way.audited if way.audited else np.zeros(len(digits)),
    )
