"""Synthetic digits, rendered once and cached.

Written digits and MNIST's are laid on paper, set in numbers, shrunk and clipped. The reader's own functions
prepare them, so that training sees images like those in service.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice, repeat
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.atomic_files import open_atomic
from mlcore.reading.engine import NOT_A_DIGIT
from mlcore.reading.ink.extraction import find_ink
from mlcore.reading.layout.normalise import normalise
from mlcore.training.datasets.cut_digits import LabelledImage, correlation, cut_digits
from mlcore.training.datasets.fingerprint import fingerprint
from mlcore.training.datasets.lines import Writers
from mlcore.training.datasets.mnist import Digits, concatenate
from mlcore.training.synthesis.handwriting import write_digit
from mlcore.training.synthesis.negatives import write_negative
from mlcore.training.synthesis.sheets import ANY_PAPER, PLAIN_PHOTO, SheetStyle, render_sheet
from mlcore.worker_pool import WorkerPool

Floats = NDArray[np.float32]
CHUNK = 500  # images per task
MIN_CORRELATION = 0.8  # with the written digit; below it the reader found something else on the sheet
COARSE = replace(PLAIN_PHOTO, blur=(0.0, 0.5), noise=(0.0, 4.0), margin=(0.05, 0.5), p_shadow=0.1)


@dataclass(frozen=True)
class DigitCounts:
    """The number of synthetic images of each kind."""

    clean: int = 40_000  # written with a pen, without paper
    sheet: int = 24_000  # the same on paper
    mnist_sheet: int = 16_000  # MNIST's training digits on paper
    coarse: int = 24_000  # 8 to 18 pixels high, sometimes clipped
    negative: int = 20_000  # half of them on paper
    line: int = 40_000  # cut out of numbers on paper, half of them MNIST's: digits, and some signs and letters

    @property
    def total(self) -> int:
        return sum(vars(self).values())

    def scaled(self, share: float) -> "DigitCounts":
        return DigitCounts(*(round(count * share) for count in vars(self).values()))


def render_digits(
    counts: DigitCounts,
    mnist: Digits,
    seed: int,
    cache: Path,
    on_progress: Callable[[float], None] = lambda share_done: None,
) -> Digits:
    """Return synthetic digits, which depend on the arguments and the source code alone.

    They are cached in the folder `cache`, under a fingerprint of both.
    """
    path = cache / f"synthetic-{fingerprint(sys.modules[__name__], counts, mnist.digest, seed)}.npz"
    if path.exists():
        with np.load(path) as arrays:
            return Digits(arrays["images"], arrays["labels"])
    tasks = [
        (kind, min(CHUNK, count - start), (seed, number, start))
        for number, (kind, count) in enumerate(vars(counts).items())
        for start in range(0, count, CHUNK)
    ]
    parts = []
    with WorkerPool(mnist) as workers:
        for part in workers.map(_render_chunk, *zip(*tasks, strict=True)):
            parts.append(part)
            on_progress(len(parts) / len(tasks))
    digits = concatenate(parts)
    with open_atomic(path) as file:
        np.savez_compressed(file, images=digits.images, labels=digits.labels)
    return digits


def _render_chunk(mnist: Digits, kind: str, count: int, seed: tuple[int, ...]) -> Digits:
    images = islice(_RENDERERS[kind](mnist, np.random.default_rng(seed)), count)
    pixels, labels = zip(*images, strict=True)
    return Digits(np.stack(pixels), np.array(labels, np.uint8))


def _render_clean(mnist: Digits, rng: np.random.Generator) -> LabelledImage:
    digit = int(rng.integers(10))
    return normalise(write_digit(digit, rng)), digit


def _render_on_sheet(mnist: Digits, rng: np.random.Generator) -> LabelledImage:
    digit = int(rng.integers(10))
    return read_from_sheet(write_digit(digit, rng), ANY_PAPER, rng), digit


def _render_mnist_on_sheet(mnist: Digits, rng: np.random.Generator) -> LabelledImage:
    strength, digit = _enlarge_random(mnist, rng)
    return read_from_sheet(strength, ANY_PAPER, rng), digit


def _render_coarse(mnist: Digits, rng: np.random.Generator) -> LabelledImage:
    """Render a digit at so low a resolution that a stroke is a pixel wide, sometimes cropped too closely."""
    if rng.random() < 0.7:
        digit = int(rng.integers(10))
        strength = write_digit(digit, rng)
    else:
        strength, digit = _enlarge_random(mnist, rng)
    side = rng.uniform(8, 18)
    scale = side / max(strength.shape)
    size = (max(2, round(strength.shape[1] * scale)), max(2, round(strength.shape[0] * scale)))
    small = np.clip(cv2.resize(strength, size, interpolation=cv2.INTER_AREA) * rng.uniform(1, 1.6), 0, 1)
    return read_from_sheet(_clip_side(small, rng) if rng.random() < 0.25 else small, COARSE, rng), digit


def _render_negative(mnist: Digits, rng: np.random.Generator) -> LabelledImage:
    strength = write_negative(rng, write_digit)
    if rng.random() < 0.5:
        return normalise(strength), NOT_A_DIGIT
    return read_from_sheet(strength, ANY_PAPER, rng), NOT_A_DIGIT


def _enlarge_random(mnist: Digits, rng: np.random.Generator) -> tuple[Floats, int]:
    """Return the enlarged ink of a random training digit, and its label."""
    index = int(rng.integers(len(mnist)))
    return enlarge_digit(mnist.images[index], rng), int(mnist.labels[index])


def enlarge_digit(image: NDArray[np.uint8], rng: np.random.Generator) -> Floats:
    """Return the ink of an image in MNIST's frame, smoothly enlarged to a scanner's resolution."""
    scale = float(rng.uniform(1.2, 4))
    large = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    return np.asarray(large, np.float32) / np.float32(255)


def _clip_side(strength: Floats, rng: np.random.Generator) -> Floats:
    """Cut off up to a sixth at one side."""
    turns = int(rng.integers(4))
    turned = np.rot90(strength, turns)
    return np.ascontiguousarray(np.rot90(turned[round(len(turned) * rng.uniform(0, 0.16)) :], -turns))


def read_from_sheet(strength: Floats, style: SheetStyle, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return the frame that the reader makes of ink on paper.

    If the reader found something else, the frame of the clean ink is returned: the label would be wrong otherwise.
    """
    clean = normalise(strength)
    read = normalise(find_ink(render_sheet(strength, rng, style)).strength)
    return read if correlation(read, clean) >= MIN_CORRELATION else clean


Renderer = Callable[[Digits, np.random.Generator], Iterator[LabelledImage]]


def _repeat(render: Callable[[Digits, np.random.Generator], LabelledImage]) -> Renderer:
    return lambda mnist, rng: (render(mnist, rng) for _ in repeat(None))


_RENDERERS: dict[str, Renderer] = {
    "clean": _repeat(_render_clean),
    "sheet": _repeat(_render_on_sheet),
    "mnist_sheet": _repeat(_render_mnist_on_sheet),
    "coarse": _repeat(_render_coarse),
    "negative": _repeat(_render_negative),
    "line": lambda mnist, rng: cut_digits(rng, Writers(mnist)),
}
