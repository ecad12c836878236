"""Strips to train and to judge the line network with: numbers written, photographed, and read back.

What the network sees in training is what it sees in service: `find_ink` and `cut_strip` of the reader.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlcore.reading.ink import find_ink
from mlcore.reading.strip import HEIGHT, cut_strip
from mlcore.training.lines import DrawDigit, Line, any_spacing, any_text, write_line, write_no_number
from mlcore.training.paper import ANY, PLAIN_PHOTO, SCREEN, SECURITY, Paper, on_paper

PAPERS: tuple[tuple[Paper, float], ...] = ((SECURITY, 0.45), (ANY, 0.3), (PLAIN_PHOTO, 0.15), (SCREEN, 0.1))
NO_NUMBER = 0.06  # share of lines with nothing to read
VISIBLE = 0.25


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

    def save(self, path: Path) -> None:
        np.savez(path, pixels=self.pixels, ends=self.ends, texts=np.array(self.texts))

    @staticmethod
    def load(path: Path) -> "Pool":
        with np.load(path) as held:
            return Pool(held["pixels"], held["ends"], tuple(map(str, held["texts"])))


def render_pool(
    count: int, seed: int, draw_digit: DrawDigit, on_progress: Callable[[int], None] = lambda _: None
) -> Pool:
    strips, texts = [], []
    for strip, text in _strips(np.random.default_rng(seed), draw_digit):
        strips.append(strip)
        texts.append(text)
        on_progress(len(strips))
        if len(strips) == count:
            break
    ends = np.cumsum([strip.shape[1] for strip in strips])
    return Pool(np.concatenate(strips, axis=1), ends, tuple(texts))


def _strips(rng: np.random.Generator, draw_digit: DrawDigit) -> Iterator[tuple[NDArray[np.uint8], str]]:
    papers, shares = zip(*PAPERS, strict=True)
    while True:
        line = any_line(rng, draw_digit)
        paper = papers[rng.choice(len(papers), p=shares)]
        strip = strip_of(on_paper(line.ink, rng, paper), rng)
        if strip is not None:
            yield strip, line.text


def any_line(rng: np.random.Generator, draw_digit: DrawDigit) -> Line:
    height = int(np.exp(rng.uniform(np.log(16), np.log(64))))
    if rng.random() < NO_NUMBER:
        return write_no_number(height, rng)
    return write_line(any_text(rng), height, any_spacing(rng), draw_digit, rng)


def strip_of(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8] | None:
    """The strip round a sheet's ink; the box strays a little, as it does in service. (H, W, 3) -> (32, W')"""
    strength = find_ink(pixels).strength  # (h, w)
    rows, columns = (np.flatnonzero((strength > VISIBLE).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return None
    stray = rng.uniform(0, 0.12, 4) * (rows[-1] - rows[0] + 1)
    top, left = max(0, int(rows[0] - stray[0])), max(0, int(columns[0] - stray[1]))
    bottom, right = int(rows[-1] + 1 + stray[2]), int(columns[-1] + 1 + stray[3])
    strip = cut_strip(strength, (left, top, right - left, bottom - top))
    return None if strip is None or strip.image.shape[0] != HEIGHT else strip.image
