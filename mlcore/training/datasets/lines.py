"""Strips to train and to judge the line network with: numbers written, photographed, and read back.

What the network sees in training is what it sees in service: `find_ink` and `cut_strip` of the reader.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.atomic_files import open_atomic
from mlcore.reading.ink import Ink, find_ink, find_printed
from mlcore.reading.specks import remove_specks
from mlcore.reading.strip import HEIGHT, cut_strip
from mlcore.training.datasets.mnist import Digits
from mlcore.training.synthesis.handwriting import write_digit
from mlcore.training.synthesis.lines import Line, any_spacing, any_text, cut_short, write_line, write_no_number
from mlcore.training.synthesis.negatives import DrawDigit
from mlcore.training.synthesis.sheets import ANY, NOISY_SHEET, PLAIN_PHOTO, SCREEN, SECURITY, Margins, Paper, on_paper

Papers = tuple[tuple[Paper, float], ...]  # and the share of the lines on each
PAPERS: Papers = ((SECURITY, 0.45), (ANY, 0.3), (PLAIN_PHOTO, 0.15), (SCREEN, 0.1))
STRIP_PAPERS: Papers = ((SECURITY, 0.3), (ANY, 0.25), (PLAIN_PHOTO, 0.25), (NOISY_SHEET, 0.1), (SCREEN, 0.1))
WITH_PRINT = 0.6  # share of strips from which printed lines were not erased
NO_NUMBER = 0.06  # share of lines with nothing to read
CUT_SHORT = 0.3
VISIBLE = 0.25
LEGIBLE = 0.4
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Pool:
    """Strips of differing widths, end to end."""

    pixels: NDArray[np.uint8]  # (32, all columns)
    ends: NDArray[np.int64]  # (N,) where each strip ends
    texts: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)

    def strip(self, index: int) -> NDArray[np.uint8]:
        start = int(self.ends[index - 1]) if index else 0
        return self.pixels[:, start : int(self.ends[index])]  # (32, W)

    def widths(self) -> NDArray[np.int64]:
        return np.diff(self.ends, prepend=0)


class Writers:
    """Digits of MNIST and of the generated handwriting."""

    def __init__(self, digits: Digits) -> None:
        self._by_digit = [digits.images[digits.labels == digit] for digit in range(10)]

    def any_writer(self, rng: np.random.Generator) -> DrawDigit:
        """Somebody who keeps to one pen, and mostly to one way of writing."""
        return self._writer(float(rng.choice([1.0, 0.5, 0.0], p=[0.4, 0.25, 0.35])), rng)

    def writer_from_mnist(self, rng: np.random.Generator) -> DrawDigit:
        return self._writer(1.0, rng)

    def _writer(self, from_mnist: float, rng: np.random.Generator) -> DrawDigit:
        edge = rng.uniform(0.25, 0.75)  # where sharpened MNIST becomes ink: higher leaves a thinner stroke

        def draw_digit(digit: int, rng: np.random.Generator) -> Floats:
            if rng.random() >= from_mnist:
                return write_digit(digit, rng)
            images = self._by_digit[digit]
            return sharpened(images[int(rng.integers(len(images)))], edge)

        return draw_digit


def sharpened(image: NDArray[np.uint8], edge: float) -> Floats:
    """A digit of MNIST as a finer picture would have shown it: (28, 28) uint8 -> (112, 112)."""
    large = cv2.resize(image.astype(np.float32) / 255, (112, 112), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip((large - edge) * 5 + 0.5, 0, 1), np.float32)


def render_pool(count: int, seed: int | list[int], writers: Writers) -> Pool:
    strips, texts = [], []
    for strip, text in _strips(np.random.default_rng(seed), writers):
        strips.append(strip)
        texts.append(text)
        if len(strips) == count:
            break
    ends = np.cumsum([strip.shape[1] for strip in strips])
    return Pool(np.concatenate(strips, axis=1), ends, tuple(texts))


def joined_pools(pools: Sequence[Pool]) -> Pool:
    widths = np.concatenate([pool.widths() for pool in pools])
    texts = tuple(text for pool in pools for text in pool.texts)
    return Pool(np.concatenate([pool.pixels for pool in pools], axis=1), np.cumsum(widths), texts)


def save_pool(path: Path, pool: Pool) -> None:
    with open_atomic(path) as file:
        np.savez_compressed(file, pixels=pool.pixels, ends=pool.ends, texts=np.array(pool.texts))


def load_pool(path: Path) -> Pool:
    with np.load(path, allow_pickle=False) as arrays:
        return Pool(arrays["pixels"], arrays["ends"], tuple(arrays["texts"].tolist()))


def _strips(rng: np.random.Generator, writers: Writers) -> Iterator[tuple[NDArray[np.uint8], str]]:
    for line, ink, _ in written_sheets(rng, writers, STRIP_PAPERS):
        strip = strip_of(ink.strength, rng)
        if strip is not None:
            yield strip, line.text


def written_sheets(
    rng: np.random.Generator, writers: Writers, papers: Papers = PAPERS
) -> Iterator[tuple[Line, Ink, Margins]]:
    """Lines, legible on paper as the reader finds them there, and how far from the picture's sides they were put."""
    kinds, shares = zip(*papers, strict=True)
    while True:
        line = any_line(rng, writers.any_writer(rng))
        paper = kinds[rng.choice(len(kinds), p=shares)]
        low, high = paper.margin
        margins = _margins(line.ink.shape[0], rng.uniform(low, high, 4))
        ink = find_ink(on_paper(line.ink, rng, replace(paper, margins=margins)))
        if rng.random() < WITH_PRINT:  # in service both are read, and the better answer counts
            strength, pieces = remove_specks(find_printed(ink))
            ink = replace(ink, strength=strength, pieces=pieces)
        if is_legible(line, ink, margins):
            yield line, ink, margins


def _margins(height: int, shares: NDArray[np.float64]) -> Margins:
    top, right, bottom, left = (int(height * share) for share in shares)
    return top, right, bottom, left


def is_legible(line: Line, ink: Ink, margins: Margins) -> bool:
    """Most ink of every digit was found: what is not in the strip cannot be learnt from it."""
    top, _, _, left = (round(margin * ink.scale) for margin in margins)
    size = (max(1, round(line.ink.shape[1] * ink.scale)), max(1, round(line.ink.shape[0] * ink.scale)))
    written = cv2.resize(line.ink, size, interpolation=cv2.INTER_AREA) > LEGIBLE
    found = ink.strength[top : top + size[1], left : left + size[0]]
    written = written[: found.shape[0], : found.shape[1]]
    for box in line.boxes:
        x, y, width, height = (round(part * ink.scale) for part in box)
        place = np.s_[y : y + height, x : x + width]
        if written[place].any() and found[place][written[place]].mean() < LEGIBLE:
            return False
    return True


def any_line(rng: np.random.Generator, draw_digit: DrawDigit) -> Line:
    height = int(np.exp(rng.uniform(np.log(16), np.log(64))))
    if rng.random() < NO_NUMBER:
        return write_no_number(height, rng)
    line = write_line(any_text(rng), height, any_spacing(rng), draw_digit, rng)
    return cut_short(line, rng) if rng.random() < CUT_SHORT else line


def strip_of(strength: Floats, rng: np.random.Generator) -> NDArray[np.uint8] | None:
    """The strip round a sheet's ink; the box strays a little, as it does in service. (H, W) -> (32, W')"""
    rows, columns = (np.flatnonzero((strength > VISIBLE).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return None
    stray = rng.uniform(0, 0.12, 4) * (rows[-1] - rows[0] + 1)
    top, left = max(0, int(rows[0] - stray[0])), max(0, int(columns[0] - stray[1]))
    bottom, right = int(rows[-1] + 1 + stray[2]), int(columns[-1] + 1 + stray[3])
    strip = cut_strip(strength, (left, top, right - left, bottom - top))
    return None if strip is None or strip.image.shape[0] != HEIGHT else strip.image
