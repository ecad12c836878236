"""Digits in every style of the generator, on which the gate compares two models style by style.

Trainings see these styles but not these pictures. A model that learnt wrong labels of one hand gets uncertain about
that hand, which a comparison of all digits together does not show.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlcore.atomic_files import open_atomic
from mlcore.reading.layout.normalise import normalise
from mlcore.training.datasets.augment import augment
from mlcore.training.datasets.fingerprint import fingerprint
from mlcore.training.datasets.gate_pictures import SEED
from mlcore.training.synthesis.handwriting import STYLES, write_in_style
from mlcore.worker_pool import WorkerPool

_STYLES = [(digit, style) for digit, styles in enumerate(STYLES) for _, style in styles]


@dataclass(frozen=True)
class Hands:
    """The same number of digits in each style, in MNIST's frame and augmented."""

    names: tuple[str, ...]  # (S,) of the styles, such as crossed_seven
    labels: NDArray[np.uint8]  # (S,) 0..9
    images: NDArray[np.uint8]  # (S, H, 28, 28)


def render_hands(count: int, cache: Path) -> Hands:
    """Return `count` digits of each style. They depend on the source code alone and are cached in `cache`."""
    names = tuple(style.__name__ for _, style in _STYLES)
    labels = np.array([digit for digit, _ in _STYLES], np.uint8)
    path = cache / f"hands-{fingerprint(sys.modules[__name__], count)}.npz"
    if path.exists():
        with np.load(path) as arrays:
            return Hands(names, labels, arrays["images"])
    with WorkerPool(count) as workers:
        images = np.stack(list(workers.map(_render_style, range(len(_STYLES)))))
    with open_atomic(path) as file:
        np.savez_compressed(file, images=images)
    return Hands(names, labels, images)


def _render_style(count: int, place: int) -> NDArray[np.uint8]:
    digit, style = _STYLES[place]
    rng = np.random.default_rng((SEED, digit, place))
    return augment(np.stack([normalise(write_in_style(style, rng)) for _ in range(count)]), rng)
