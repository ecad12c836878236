"""The images of each epoch, prepared in other processes while the network learns from the epoch before."""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np

from mlcore.training.datasets.augment import DEFAULT_AUGMENTATION, Augmentation, augment
from mlcore.training.datasets.mnist import Digits, concatenate
from mlcore.worker_pool import WorkerPool

MAX_CORRECTED = 0.15  # share of an epoch; the rest is replayed, so that nothing is forgotten
MAX_REPEATS = 20  # of one corrected digit in an epoch, each time augmented differently
REDUCED = 0.7  # of the usual augmentation, in the last epochs


@dataclass(frozen=True)
class Mixture:
    """The images that an epoch is made of."""

    digits: Digits  # every epoch uses all of them
    synthetic: Digits  # every epoch draws some of them
    synthetic_per_epoch: int
    augmentation: Augmentation = DEFAULT_AUGMENTATION
    reduced_from: int | None = None  # epoch from which augmentation is reduced, to end on realistic images

    @property
    def size(self) -> int:
        """Return the number of images in an epoch."""
        return len(self.digits) + min(self.synthetic_per_epoch, len(self.synthetic))


def mix_corrected(corrected: Digits, replayed: Digits, size: int, seed: int, reduced_from: int) -> Mixture:
    """Return epochs of `size` images: corrected digits, each several times, among digits that are replayed."""
    room = max(1, int(size * MAX_CORRECTED))
    chosen = corrected[np.random.default_rng(seed).permutation(len(corrected))[:room]]
    repeated = concatenate([chosen] * max(1, min(MAX_REPEATS, room // len(chosen))))
    return Mixture(repeated, replayed, size - len(repeated), reduced_from=reduced_from)


def make_epoch(mixture: Mixture, seed: int, number: int) -> Digits:
    """Return the augmented images of an epoch in random order.

    The result depends on the arguments alone, so that an interrupted training continues with the same images.
    """
    rng = np.random.default_rng([seed, number])
    chosen = rng.permutation(len(mixture.synthetic))[: mixture.synthetic_per_epoch]
    both = concatenate([mixture.digits, mixture.synthetic[chosen]])
    shuffled = both[rng.permutation(len(both))]
    is_reduced = mixture.reduced_from is not None and number >= mixture.reduced_from
    augmentation = mixture.augmentation.scaled(REDUCED) if is_reduced else mixture.augmentation
    return Digits(augment(shuffled.images, rng, augmentation), shuffled.labels)


def prepare_epochs(mixture: Mixture, seed: int, numbers: range) -> Iterator[Digits]:
    """Yield the epochs in order, preparing the next ones on half the cores; the other half trains."""
    ahead = max(1, (os.cpu_count() or 1) // 2)
    with WorkerPool(mixture, ahead) as workers:
        prepared: deque[Future[Digits]] = deque()
        for number in numbers:
            prepared.append(workers.submit(make_epoch, seed, number))
            if len(prepared) > ahead:
                yield prepared.popleft().result()
        for future in prepared:
            yield future.result()
