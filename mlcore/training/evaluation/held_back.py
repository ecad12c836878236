"""The comparison of two models on digits that people confirmed or corrected and that no training learnt from.

A picture counts as often as pictures like it were given: an audited one, which was chosen with a known probability,
by the inverse of that probability, every other one once.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcore.artifact import Artifact
from mlcore.reading.decode import decode
from mlcore.reading.engine import Engine
from mlcore.reading.errors import PictureError
from mlcore.reading.prepared_image import prepare_image
from mlcore.reading.reader import Reader, ReadingOptions
from mlcore.training.datasets.mnist import Digits
from mlcore.training.datasets.reviewed_strips import NumberPicture
from mlcore.training.evaluation.gate import LEVEL, RESAMPLES, SEED, Check

PART = 256  # images that the network classifies at once, and resamples that are drawn at once


@dataclass(frozen=True)
class HeldBack:
    """Digits that were held back, with the picture of each, its weight, and whether a person corrected the picture."""

    digits: Digits
    pictures: NDArray[np.int64]  # (N,) number of the picture, from 0
    weights: NDArray[np.float64]  # (N,)
    corrected: NDArray[np.bool_]  # (N,)
    numbers: Iterable[NumberPicture] = ()  # pictures of whole numbers, where numbers were learnt


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
class HeldBackResult:
    """The comparison: what was confirmed, what was corrected, and the weighted gain with its lower bound."""

    pictures: int
    confirmed: Share
    corrected: Share
    active: float  # weighted share that the active model reads right
    candidate: float
    bound: float  # one-sided lower bound of the gain at 95 %
    numbers: NumberShare | None  # None where no numbers were learnt

    @property
    def check(self) -> Check:
        """Return the gate's check: the candidate is shown to read more of what people held back."""
        return Check("held_back_gain", self.active, self.candidate, self.bound, 0.0, self.bound > 0)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def compare_held_back(
    active: Artifact, candidate: Artifact, held_back: HeldBack, on_number: Callable[[], None] = lambda: None
) -> HeldBackResult:
    """Let both models classify the digits, and read the numbers, each of which `on_number` precedes.

    Of corrected pictures the active model got something wrong by definition.
    """
    before, after = (_are_right(artifact, held_back.digits) for artifact in (active, candidate))
    total = max(float(held_back.weights.sum()), 1e-9)
    return HeldBackResult(
        pictures=len(np.unique(held_back.pictures)),
        confirmed=_count(before, after, ~held_back.corrected),
        corrected=_count(before, after, held_back.corrected),
        active=float(held_back.weights @ before / total),
        candidate=float(held_back.weights @ after / total),
        bound=gain_bound(after.astype(float) - before, held_back.weights, held_back.pictures),
        numbers=compare_numbers(active, candidate, held_back.numbers, on_number),
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
