"""What the network sees in each epoch, prepared in processes of their own while the last one is learnt from."""

import multiprocessing
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np

from mlcore.training.datasets.augment import GENTLE, Amounts, augment
from mlcore.training.datasets.mnist import Digits, joined
from mlcore.training.datasets.worker import belong_to_parent

CALM = 0.7  # of the usual amounts


@dataclass(frozen=True)
class Mixture:
    """Where the images of an epoch come from."""

    digits: Digits  # all of them, every epoch
    written: Digits  # generated ones, of which each epoch draws a share
    share: int  # how many it draws
    amounts: Amounts = GENTLE
    calm_from: int | None = None  # the epoch after which images stray less: the end is learnt from what is likely

    @property
    def size(self) -> int:
        return len(self.digits) + min(self.share, len(self.written))


def epoch(mixture: Mixture, seed: int, number: int) -> Digits:
    """Depends on nothing but its arguments, so that an interrupted training goes on as it would have."""
    rng = np.random.default_rng([seed, number])
    drawn = rng.permutation(len(mixture.written))[: mixture.share]
    both = joined([mixture.digits, mixture.written[drawn]])
    shuffled = both[rng.permutation(len(both))]
    calm = mixture.calm_from is not None and number >= mixture.calm_from
    amounts = mixture.amounts.scaled(CALM) if calm else mixture.amounts
    return Digits(augment(shuffled.images, rng, amounts), shuffled.labels)


_mixture: Mixture | None = None  # in the preparing process: handed over once, not with every epoch


def _receive(mixture: Mixture) -> None:
    global _mixture
    _mixture = mixture
    belong_to_parent()


def _prepare(seed: int, number: int) -> Digits:
    assert _mixture is not None  # noqa: S101 - _receive ran first
    return epoch(_mixture, seed, number)


def epochs(mixture: Mixture, seed: int, numbers: range) -> Iterator[Digits]:
    """As many epochs ahead of the caller as half the processor prepares at once; the other half learns.

    Spawned, not forked: TensorFlow's threads do not survive a fork.
    """
    ahead = max(1, (os.cpu_count() or 1) // 2)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(ahead, mp_context=spawn, initializer=_receive, initargs=(mixture,)) as processes:
        prepared: deque[Future[Digits]] = deque()
        for number in numbers:
            prepared.append(processes.submit(_prepare, seed, number))
            if len(prepared) > ahead:
                yield prepared.popleft().result()
        for future in prepared:
            yield future.result()
