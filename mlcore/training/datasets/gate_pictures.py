"""Pictures of the gate: validation digits as they are and on paper, and negatives. No training sees them."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlcore.atomic_files import open_atomic
from mlcore.reading.engine import NOT_A_DIGIT
from mlcore.training.datasets.digits import DigitCounts, enlarge_digit, read_from_sheet, render_digits
from mlcore.training.datasets.fingerprint import fingerprint
from mlcore.training.datasets.mnist import Digits
from mlcore.training.synthesis.sheets import ANY_PAPER
from mlcore.worker_pool import WorkerPool

CHUNK = 250  # digits per task
SEED = 3  # 1 and 2 are the synthetic digits that networks are trained and validated on


@dataclass(frozen=True)
class GateCounts:
    """The number of pictures of each kind that two models are compared on."""

    papers: int = 10  # renderings of each digit
    negatives: int = 4_000
    numbers: int = 1_500
    hands: int = 400  # digits of each style of handwriting


@dataclass(frozen=True)
class GatePictures:
    """The pictures that a candidate and the active model both read."""

    views: NDArray[np.uint8]  # (V, D, 28, 28): the digits as they are, then each rendering
    labels: NDArray[np.uint8]  # (D,) 0..9
    negatives: NDArray[np.uint8]  # (N, 28, 28)


def render_gate_pictures(
    validation: Digits, counts: GateCounts, cache: Path, on_progress: Callable[[float], None] = lambda share_done: None
) -> GatePictures:
    """Return the pictures, which depend on the arguments and the source code alone; they are cached in `cache`."""
    name = fingerprint(sys.modules[__name__], counts.papers, counts.negatives, validation.digest)
    path = cache / f"gate-{name}.npz"
    if path.exists():
        with np.load(path) as arrays:
            return GatePictures(arrays["views"], arrays["labels"], arrays["negatives"])
    tasks = [(paper, start) for paper in range(counts.papers) for start in range(0, len(validation), CHUNK)]
    parts = []
    with WorkerPool(validation) as workers:
        for part in workers.map(_render_chunk, *zip(*tasks, strict=True)):
            parts.append(part)
            on_progress(len(parts) / len(tasks))
    papers = np.concatenate(parts).reshape(counts.papers, *validation.images.shape)
    negatives = render_digits(DigitCounts(0, 0, 0, 0, counts.negatives, 0), validation, SEED, cache)
    pictures = GatePictures(
        np.concatenate([validation.images[np.newaxis], papers]),
        validation.labels,
        negatives.images[negatives.labels == NOT_A_DIGIT],
    )
    with open_atomic(path) as file:
        np.savez_compressed(file, views=pictures.views, labels=pictures.labels, negatives=pictures.negatives)
    return pictures


def _render_chunk(validation: Digits, paper: int, start: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng((SEED, paper, start))
    images = validation.images[start : start + CHUNK]
    return np.stack([read_from_sheet(enlarge_digit(image, rng), ANY_PAPER, rng) for image in images])
