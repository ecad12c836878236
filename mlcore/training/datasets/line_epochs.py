"""The batches of an epoch of the line network: synthetic strips, and those of numbers that people reviewed."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcore.training.datasets.epochs import MAX_CORRECTED, MAX_REPEATS
from mlcore.training.datasets.lines import LabelledStrip, StripDataset

BATCH = 64
MAX_REVIEWED = int(MAX_CORRECTED * BATCH)  # strips of a batch; the others are replayed, so that nothing is forgotten
WIDTH_NOISE = 12  # px by which the order of strips by their width varies from epoch to epoch

Groups = list[NDArray[np.int64]]  # of the numbers of strips


@dataclass(frozen=True)
class LineMixture:
    """The strips that an epoch is made of."""

    synthetic: StripDataset
    reviewed: StripDataset | None = None  # every epoch repeats them, augmented anew, among the synthetic ones
    synthetic_per_epoch: int | None = None  # every epoch draws so many; all of them without a number

    @property
    def batches(self) -> int:
        """Return the number of batches in an epoch. With reviewed strips all of them are full."""
        size = min(self.synthetic_per_epoch or len(self.synthetic), len(self.synthetic))
        return max(1, size // (BATCH - MAX_REVIEWED)) if self.reviewed else math.ceil(size / BATCH)


def choose_batches(mixture: LineMixture, rng: np.random.Generator) -> Iterator[list[LabelledStrip]]:
    """Yield batches of strips of similar width, in random order."""
    count = len(mixture.synthetic)
    per_epoch = mixture.synthetic_per_epoch
    drawn = rng.permutation(count)[:per_epoch] if per_epoch or mixture.reviewed else np.arange(count)
    if mixture.reviewed is None:
        groups = group_by_width(mixture.synthetic, drawn, BATCH, rng)
        added: Groups = []
    else:
        # What does not fill a batch is left out before the strips are ordered, else it would be the widest ones.
        replayed = drawn[: mixture.batches * (BATCH - MAX_REVIEWED)]
        groups = group_by_width(mixture.synthetic, replayed, BATCH - MAX_REVIEWED, rng)
        repeated = repeat_reviewed(len(mixture.reviewed), mixture.batches, rng)
        added = group_by_width(mixture.reviewed, repeated, len(repeated) // mixture.batches, rng)
    for number in rng.permutation(mixture.batches):
        batch = list_strips(mixture.synthetic, groups[number])
        yield batch + list_strips(mixture.reviewed, added[number]) if mixture.reviewed else batch


def repeat_reviewed(count: int, batches: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the numbers of the reviewed strips of an epoch, as many for each batch, all about equally often."""
    per_batch = min(max(1, count * MAX_REPEATS // batches), MAX_REVIEWED)
    return np.resize(rng.permutation(count), per_batch * batches)


def group_by_width(strips: StripDataset, chosen: NDArray[np.int64], size: int, rng: np.random.Generator) -> Groups:
    """Divide the chosen strips into groups of this size, from the narrowest to the widest; the last may be smaller."""
    noisy_widths = strips.widths()[chosen] + rng.uniform(-WIDTH_NOISE, WIDTH_NOISE, len(chosen))
    order = chosen[np.argsort(noisy_widths)]
    return [order[start : start + size] for start in range(0, len(order), size)]


def list_strips(strips: StripDataset, chosen: NDArray[np.int64]) -> list[LabelledStrip]:
    return [(strips.strip(int(number)), strips.texts[int(number)]) for number in chosen]
