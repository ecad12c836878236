"""Generated digits, rendered once and kept: written by the generator or taken from MNIST, laid on paper, set in
numbers, shrunk, clipped, and read back by the reader's own functions, so that training sees what serving sees."""

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.atomic_files import open_atomic
from mlcore.reading import ink, layout, normalise, rules, segment, specks, strip
from mlcore.reading import paper as bare
from mlcore.reading.engine import NOT_A_DIGIT
from mlcore.training.datasets import cut_digits as line_digits
from mlcore.training.datasets import lines as line_pool
from mlcore.training.datasets import resemblance
from mlcore.training.datasets.fingerprint import fingerprint
from mlcore.training.datasets.mnist import Digits, joined
from mlcore.training.datasets.resemblance import correlation
from mlcore.training.datasets.worker import belong_to_parent
from mlcore.training.synthesis import alphabet, digits_0_to_4, digits_5_to_9, handwriting, lines, negatives, pen, shapes
from mlcore.training.synthesis import sheets as paper

Floats = NDArray[np.float32]
CHUNK = 500  # images a piece of work
SOURCES = (
    bare, ink, layout, normalise, rules, segment, specks, strip,
    alphabet, digits_0_to_4, digits_5_to_9, handwriting, line_digits, line_pool, lines, negatives, paper, pen,
    resemblance, shapes, sys.modules[__name__],
)  # fmt: skip
ALIKE = 0.8  # correlation of what was read back with what was written, below which the reader saw something else
COARSE = replace(paper.PLAIN_PHOTO, blur=(0.0, 0.5), noise=(0.0, 4.0), margin=(0.05, 0.5), p_shadow=0.1)


@dataclass(frozen=True)
class Amounts:
    """How many images of each kind."""

    clean: int = 40_000  # written with a pen, on nothing
    sheet: int = 24_000  # the same on paper
    mnist_sheet: int = 16_000  # MNIST's training digits on paper
    coarse: int = 24_000  # at 10 to 20 pixels, sometimes clipped
    negative: int = 20_000  # half of them on paper
    line: int = 40_000  # cut out of numbers on paper, half of them MNIST's: digits, and some signs and letters

    @property
    def total(self) -> int:
        return sum(vars(self).values())

    def scaled(self, share: float) -> "Amounts":
        return Amounts(*(round(count * share) for count in vars(self).values()))


def generate(
    amounts: Amounts,
    mnist: Digits,
    seed: int,
    cache: Path,
    report: Callable[[float], None] = lambda done: None,
) -> Digits:
    """Depends on its arguments and the generators' source alone; kept in `cache` under the hash of both."""
    kept = cache / f"pool-{fingerprint(SOURCES, amounts, mnist.digest, seed)}.npz"
    if kept.exists():
        with np.load(kept) as arrays:
            return Digits(arrays["images"], arrays["labels"])
    work = [
        (kind, min(CHUNK, count - start), (seed, number, start))
        for number, (kind, count) in enumerate(vars(amounts).items())
        for start in range(0, count, CHUNK)
    ]
    spawn = multiprocessing.get_context("spawn")
    parts = []
    with ProcessPoolExecutor(os.cpu_count(), mp_context=spawn, initializer=_receive, initargs=(mnist,)) as processes:
        try:
            for part in processes.map(_make, work):
                parts.append(part)
                report(len(parts) / len(work))
        except KeyboardInterrupt:
            processes.shutdown(cancel_futures=True)
            raise
    pool = joined(parts)
    with open_atomic(kept) as file:
        np.savez_compressed(file, images=pool.images, labels=pool.labels)
    return pool


_mnist: Digits | None = None  # in a working process


def _receive(mnist: Digits) -> None:
    global _mnist
    _mnist = mnist
    belong_to_parent()
    cv2.setNumThreads(1)


def _make(work: tuple[str, int, tuple[int, ...]]) -> Digits:
    kind, count, seed = work
    rng = np.random.default_rng(seed)
    make = _KINDS[kind]
    made = list(islice(make(rng), count))
    return Digits(np.stack([image for image, _ in made]), np.array([label for _, label in made], np.uint8))


Made = tuple[NDArray[np.uint8], int]  # (28, 28), label


def _clean(rng: np.random.Generator) -> Made:
    digit = int(rng.integers(10))
    return normalise.normalise(handwriting.write_digit(digit, rng)), digit


def _sheet(rng: np.random.Generator) -> Made:
    digit = int(rng.integers(10))
    return _through(handwriting.write_digit(digit, rng), paper.ANY, rng), digit


def _mnist_sheet(rng: np.random.Generator) -> Made:
    strength, digit = _from_mnist(rng)
    return _through(strength, paper.ANY, rng), digit


def _coarse(rng: np.random.Generator) -> Made:
    """Scanned so small that a stroke is a pixel, and cut out a little too tightly."""
    if rng.random() < 0.7:
        digit = int(rng.integers(10))
        strength = handwriting.write_digit(digit, rng)
    else:
        strength, digit = _from_mnist(rng)
    side = rng.uniform(8, 18)
    scale = side / max(strength.shape)
    size = (max(2, round(strength.shape[1] * scale)), max(2, round(strength.shape[0] * scale)))
    small = np.clip(cv2.resize(strength, size, interpolation=cv2.INTER_AREA) * rng.uniform(1, 1.6), 0, 1)
    return _through(_clipped(small, rng) if rng.random() < 0.25 else small, COARSE, rng), digit


def _negative(rng: np.random.Generator) -> Made:
    strength = negatives.write_negative(rng, handwriting.write_digit)
    if rng.random() < 0.5:
        return normalise.normalise(strength), NOT_A_DIGIT
    return _through(strength, paper.ANY, rng), NOT_A_DIGIT


def _from_mnist(rng: np.random.Generator) -> tuple[Floats, int]:
    """A training digit, enlarged smoothly to what a scanner would see of it."""
    assert _mnist is not None  # noqa: S101 - _receive ran first
    which = int(rng.integers(len(_mnist)))
    scale = float(rng.uniform(1.2, 4))
    large = cv2.resize(_mnist.images[which], None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    return np.asarray(large, np.float32) / np.float32(255), int(_mnist.labels[which])


def _clipped(strength: Floats, rng: np.random.Generator) -> Floats:
    """Up to a sixth is missing at one side."""
    turns = int(rng.integers(4))
    turned = np.rot90(strength, turns)
    return np.ascontiguousarray(np.rot90(turned[round(len(turned) * rng.uniform(0, 0.16)) :], -turns))


def _through(strength: Floats, options: paper.Paper, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Onto paper and back. Where the reader saw something else altogether, the clean ink stands in:
    its label would be a lie."""
    wanted = normalise.normalise(strength)
    seen = normalise.normalise(ink.find_ink(paper.on_paper(strength, rng, options)).strength)
    return seen if correlation(seen, wanted) >= ALIKE else wanted


def _again(make: Callable[[np.random.Generator], Made]) -> Callable[[np.random.Generator], Iterator[Made]]:
    def made(rng: np.random.Generator) -> Iterator[Made]:
        while True:
            yield make(rng)

    return made


def _line(rng: np.random.Generator) -> Iterator[Made]:
    assert _mnist is not None  # noqa: S101 - _receive ran first
    return line_digits.cut_out(rng, line_pool.Writers(_mnist))


_KINDS: dict[str, Callable[[np.random.Generator], Iterator[Made]]] = {
    "clean": _again(_clean),
    "sheet": _again(_sheet),
    "mnist_sheet": _again(_mnist_sheet),
    "coarse": _again(_coarse),
    "negative": _again(_negative),
    "line": _line,
}
