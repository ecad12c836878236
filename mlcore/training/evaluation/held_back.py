"""The comparison of two models on pictures of people that no training learnt from, reviewed or not.

People review pictures because of what the active model said: mostly those that it read wrongly. Among these alone every
other model looks better. So the digits that nobody reviewed count as well: where both models say the same, neither
gains, whatever is right; where they differ, the active model counts as right. The sum is then never above the true one,
whichever pictures people chose to review, as long as the pictures were chosen whether reviewed or not.

Audits choose pictures at random, so they need no such assumption. They are a second test, of their own.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcore.artifact import Artifact
from mlcore.reading.engine import Engine
from mlcore.reading.files.decode import decode
from mlcore.reading.files.errors import PictureError
from mlcore.reading.prepared_image import prepare_image
from mlcore.reading.reader import Reader, ReadingOptions
from mlcore.training.datasets.mnist import Digits
from mlcore.training.datasets.reviewed_strips import NumberPicture
from mlcore.training.evaluation.gate import LEVEL, RESAMPLES, SEED, Check

Classes = NDArray[np.int64]

PART = 256  # images that the network classifies at once, and sign flips that are drawn at once
FEWEST_AUDITED = 6  # on which the models differ; fewer cannot pass a test of half the level: 1 in 32 is more than 2.5 %
UNREVIEWED = 255  # the label of a digit that nobody reviewed


@dataclass(frozen=True)
class HeldBack:
    """Digits that were held back, with the picture of each, and how the picture came here."""

    digits: Digits  # with the label UNREVIEWED where nobody said what it is
    pictures: NDArray[np.int64]  # (N,) number of the picture, from 0
    corrected: NDArray[np.bool_]  # (N,) a person corrected the picture
    audited: NDArray[np.float64]  # (N,) the inverse of the probability with which it was audited; 0: it was not
    numbers: Iterable[NumberPicture] = ()  # pictures of whole numbers, where numbers were learnt

    @classmethod
    def of_single_digits(cls, digits: Digits, corrected: NDArray[np.bool_]) -> "HeldBack":
        """Return pictures of one digit each, of which none was audited."""
        return cls(digits, np.arange(len(digits)), corrected, np.zeros(len(digits)))

    @property
    def reviewed(self) -> NDArray[np.bool_]:
        return np.asarray(self.digits.labels != UNREVIEWED)


@dataclass(frozen=True)
class Share:
    """Numbers of the digits of one kind that each model reads right."""

    digits: int
    active: int
    candidate: int


@dataclass(frozen=True)
class NumberShare:
    """Numbers of pictures whose number each model reads right, signs included."""

    pictures: int
    active: int
    candidate: int
    gained: int  # that only the candidate reads right
    lost: int  # that only the active model reads right


@dataclass(frozen=True)
class UnreviewedDigits:
    """Numbers of the digits that nobody reviewed, and of those among them on which the models differ."""

    digits: int
    changed: int


@dataclass(frozen=True)
class HeldBackResult:
    """The comparison: what was confirmed, corrected and not reviewed, and whether the candidate is better."""

    pictures: int  # that people reviewed
    confirmed: Share
    corrected: Share
    unreviewed: UnreviewedDigits
    # The shares read right, of reviewed digits and those on which the models differ: there the active model counts.
    active: float
    candidate: float
    chance: float  # the p-value of "the candidate is no better"
    numbers: NumberShare | None  # None where no numbers were learnt

    @property
    def check(self) -> Check:
        """Return the gate's check: the candidate is shown to read more of what people held back."""
        return Check("held_back_gain", self.active, self.candidate, self.chance, LEVEL, self.chance <= LEVEL)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def compare_held_back(
    active: Artifact, candidate: Artifact, held_back: HeldBack, on_number: Callable[[], None] = lambda: None
) -> HeldBackResult:
    """Let both models classify the digits, and read the numbers, each of which `on_number` precedes."""
    before, after = (_classify(artifact, held_back.digits) for artifact in (active, candidate))
    outcome = judge_held_back(before, after, held_back)
    return replace(outcome, numbers=compare_numbers(active, candidate, held_back.numbers, on_number))


def judge_held_back(before: Classes, after: Classes, held_back: HeldBack) -> HeldBackResult:
    """Compare the classes that the active model and the candidate give to the digits."""
    labels, reviewed = held_back.digits.labels, held_back.reviewed
    changed = ~reviewed & (before != after)
    right_before, right_after = (before == labels) | changed, after == labels
    gains = right_after.astype(float) - right_before
    counted = reviewed | changed
    total = max(int(counted.sum()), 1)
    return HeldBackResult(
        pictures=len(np.unique(held_back.pictures[reviewed])),
        confirmed=_count(right_before, right_after, reviewed & ~held_back.corrected),
        corrected=_count(right_before, right_after, reviewed & held_back.corrected),
        unreviewed=UnreviewedDigits(int((~reviewed).sum()), int(changed.sum())),
        active=int((right_before & counted).sum()) / total,
        candidate=int((right_after & counted).sum()) / total,
        chance=_chance_of_no_gain(gains, held_back),
        numbers=None,
    )


def compare_numbers(
    active: Artifact, candidate: Artifact, pictures: Iterable[NumberPicture], on_number: Callable[[], None]
) -> NumberShare | None:
    """Let both models read the pictures as they read those that people send."""
    readers = [Reader(artifact) for artifact in (active, candidate)]
    rights = []
    for picture in pictures:
        on_number()
        with suppress(PictureError):
            image = prepare_image(decode(picture.data), picture.mode)
            options, written = ReadingOptions.of(picture.mode, None, None), picture.written.replace(" ", "")
            rights.append([reader.read_all([image], options)[0].written == written for reader in readers])
    if not rights:
        return None
    before, after = np.array(rights, np.bool_).T
    return NumberShare(
        len(rights), int(before.sum()), int(after.sum()), int((after & ~before).sum()), int((before & ~after).sum())
    )


def _chance_of_no_gain(gains: NDArray[np.float64], held_back: HeldBack) -> float:
    """Return the p-value of the test on all pictures; twice the smaller one where audited ones are tested as well."""
    every, audited = (
        np.bincount(held_back.pictures, weights * gains).astype(np.float64)
        for weights in (np.ones(len(gains)), held_back.audited)
    )
    if np.count_nonzero(audited) < FEWEST_AUDITED:
        return chance_of_equal(every)
    return min(1.0, 2 * min(chance_of_equal(every), chance_of_equal(audited)))


def chance_of_equal(gains: NDArray[np.float64]) -> float:
    """Return how often equal models would gain so much: the gain of each picture (P,) is as often a loss of that size.

    This sign-flip test needs no large numbers: five gains and no loss are the fewest that reach 5 %.
    """
    sizes = np.abs(gains[gains != 0])
    rng = np.random.default_rng(SEED)
    reached = 0
    for start in range(0, RESAMPLES, PART):
        signs = rng.choice([-1.0, 1.0], (min(PART, RESAMPLES - start), len(sizes)))
        reached += int((signs @ sizes >= gains.sum() - 1e-9).sum())
    return (1 + reached) / (1 + RESAMPLES)


def _classify(artifact: Artifact, digits: Digits) -> Classes:
    """Return the class of each digit; 10 is "not a digit"."""
    engine = Engine(artifact)
    parts = [engine.logits(digits.images[start : start + PART]) for start in range(0, len(digits), PART)]
    return np.concatenate(parts).argmax(axis=1) if parts else np.zeros(0, np.int64)


def _count(before: NDArray[np.bool_], after: NDArray[np.bool_], chosen: NDArray[np.bool_]) -> Share:
    return Share(int(chosen.sum()), int(before[chosen].sum()), int(after[chosen].sum()))
