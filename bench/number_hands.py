"""Simulated writers whose numbers the reader misreads: one digit in an unseen style, or digits joined as none has seen.

Five writers write one digit of their numbers as those of bench.hands do. Five others write digits in the generator's
styles and join all of them: at the foot, by strokes that rise or fall from one to the next, by a bar over the tops, or
by writing each over a quarter of the one before.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.hands import ODD_SHARE, STYLES
from mlcore.training.synthesis.handwriting import write_digit, write_in_style
from mlcore.training.synthesis.lines import Box, Spacing, TextLine, write_line
from mlcore.training.synthesis.sheets import PLAIN_PHOTO, render_sheet
from mlcore.training.synthesis.strokes import Style

Points = list[tuple[float, float]]
Join = Callable[[Box, Box, np.random.Generator], Points]  # returns the stroke that joins two neighbours

USUAL, CLOSE = Spacing(0.12, 0.06, 0.06, 0.08), Spacing(-0.25, 0.04, 0.05, 0.08)
PEN = 0.09  # of a digit's height


def join_feet(left: Box, right: Box, rng: np.random.Generator) -> Points:
    """Return a bow that hangs from the foot of a digit to the foot of the next."""
    (x0, y0, w0, h0), (x1, y1, w1, h1) = left, right
    start, end = (x0 + w0 * rng.uniform(0.4, 0.6), y0 + h0 * 0.97), (x1 + w1 * rng.uniform(0.3, 0.5), y1 + h1 * 0.97)
    return [start, ((start[0] + end[0]) / 2, max(start[1], end[1]) + 0.03 * h0), end]


def join_foot_to_top(left: Box, right: Box, rng: np.random.Generator) -> Points:
    """Return a stroke that rises from the foot of a digit to the top of the next."""
    (x0, y0, w0, h0), (x1, y1, w1, h1) = left, right
    return [
        (x0 + w0 * rng.uniform(0.7, 0.95), y0 + h0 * rng.uniform(0.88, 0.98)),
        (x1 + w1 * rng.uniform(0.05, 0.3), y1 + h1 * rng.uniform(0.03, 0.15)),
    ]


def join_top_to_foot(left: Box, right: Box, rng: np.random.Generator) -> Points:
    """Return a stroke that falls from the top of a digit to the foot of the next."""
    (x0, y0, w0, h0), (x1, y1, w1, h1) = left, right
    return [
        (x0 + w0 * rng.uniform(0.7, 0.95), y0 + h0 * rng.uniform(0.03, 0.15)),
        (x1 + w1 * rng.uniform(0.05, 0.3), y1 + h1 * rng.uniform(0.88, 0.98)),
    ]


def join_tops(left: Box, right: Box, rng: np.random.Generator) -> Points:
    """Return a bar over the tops of both digits."""
    (x0, y0, _, h0), (x1, y1, w1, h1) = left, right
    return [(x0, y0 + h0 * 0.02 + rng.normal(0, 0.5)), (x1 + w1, y1 + h1 * 0.02 + rng.normal(0, 0.5))]


@dataclass(frozen=True)
class NumberWriter:
    """One person: the digit that is written in a style of its own, if any, and how neighbours are joined, if at all."""

    number: int
    name: str
    odd: tuple[int, Style] | None = None
    spacing: Spacing = USUAL
    join: Join | None = None

    def write(self, count: int, seed: int) -> Iterator[tuple[NDArray[np.uint8], str]]:
        """Yield photographs of numbers of three to seven digits with what was written."""
        rng = np.random.default_rng([self.number, seed])
        for _ in range(count):
            text = "".join(str(self._choose_digit(rng)) for _ in range(rng.integers(3, 8)))
            line = write_line(text, int(rng.integers(30, 60)), self.spacing, self._draw, rng, marks=False)
            yield render_sheet(self._join_all(line, rng), rng, PLAIN_PHOTO), text

    def _choose_digit(self, rng: np.random.Generator) -> int:
        return self.odd[0] if self.odd and rng.random() < ODD_SHARE else int(rng.integers(10))

    def _draw(self, digit: int, rng: np.random.Generator) -> NDArray[np.float32]:
        return write_in_style(self.odd[1], rng) if self.odd and self.odd[0] == digit else write_digit(digit, rng)

    def _join_all(self, line: TextLine, rng: np.random.Generator) -> NDArray[np.float32]:
        margin = line.height // 4
        ink = np.pad(line.ink, margin)
        for left, right in pairwise(line.boxes) if self.join else ():
            points = np.array(self.join(left, right, rng)) + margin if self.join else np.zeros((0, 2))
            mask = np.zeros(ink.shape, np.uint8)
            thickness = max(1, round(PEN * line.height))
            cv2.polylines(mask, [np.round(points * 8).astype(np.int32)], False, 255, thickness, cv2.LINE_AA, 3)
            ink = np.maximum(ink, mask.astype(np.float32) / 255)
        rows, columns = (np.flatnonzero(ink.max(axis=axis) > 0.05) for axis in (1, 0))
        return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def simulate_number_writers() -> list[NumberWriter]:
    """Return the ten writers, those with an unseen digit first."""
    odd = [
        NumberWriter(number, style.__name__.replace("_", " "), (digit, partial(style, 0.45)))
        for number, (digit, style) in enumerate(STYLES.items())
    ]
    joined = [
        NumberWriter(5 + number, join.__name__.replace("_", " "), join=join)
        for number, join in enumerate((join_feet, join_foot_to_top, join_top_to_foot, join_tops))
    ]
    return [*odd, *joined, NumberWriter(9, "overlapping", spacing=CLOSE)]
