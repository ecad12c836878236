"""Simulated writers whose hands no training has seen: each writes one digit in a style that the generator lacks.

A 1 like a narrow inverted V, a 7 with two bars, a flash of lightning that leans to the left as a 4, and a 9 like a g
without a loop are no styles here. No training has seen them either, but `digits-9` reads 98 to 100 % of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from mlcore.training.datasets.digits import read_from_sheet
from mlcore.training.datasets.mnist import Digits
from mlcore.training.synthesis.handwriting import write_digit, write_in_style
from mlcore.training.synthesis.sheets import ANY_PAPER
from mlcore.training.synthesis.strokes import Stroke, Style, arc, curve, line

ODD_SHARE = 1 / 3  # of what a writer writes is the digit in the writer's own style


def wide_inverted_v_one(wide: float, rng: np.random.Generator) -> list[Stroke]:
    """Draw a 1 like an inverted V with its legs far apart."""
    reach = 0.5 + wide * rng.uniform(1.1, 1.3)
    return [line((-reach, 1 + rng.normal(0, 0.03)), (0, 0), (reach, 1 + rng.normal(0, 0.03)))]


def t_shaped_seven(wide: float, rng: np.random.Generator) -> list[Stroke]:
    """Draw a 7 like a T, whose stem stands a little right of the middle."""
    top, stem = wide * 1.4, wide * 1.4 * rng.uniform(0.55, 0.68)
    return [
        line((0, rng.normal(0, 0.03)), (top, rng.normal(0, 0.03))),
        line((stem, 0), (stem + rng.normal(0, 0.03), 1)),
    ]


def triangle_four(wide: float, rng: np.random.Generator) -> list[Stroke]:
    """Draw a 4 whose stem ends at the bar, so that it is a triangle."""
    reach, low = wide * rng.uniform(1.2, 1.5), rng.uniform(0.62, 0.68)
    return [line((reach, low), (0, low + rng.normal(0, 0.03)), (reach * 0.8, 0), (reach * 0.8, low))]


def mirrored_n_two(wide: float, rng: np.random.Generator) -> list[Stroke]:
    """Draw a 2 like a mirrored N."""
    high = [rng.normal(0, 0.03) for _ in range(4)]
    return [line((0, high[0]), (wide * 0.05, 1 + high[1]), (wide, high[2]), (wide * 1.05, 1 + high[3]))]


def g_shaped_nine(wide: float, rng: np.random.Generator) -> list[Stroke]:
    """Draw a 9 like a g, whose tail makes a loop and crosses the stem."""
    ring = arc(wide / 2, 0.2, wide / 2, 0.19, 0, -350)
    foot = curve((wide * 0.6, 1), (0, 0.9), (wide * 0.4, 0.68), (wide * 1.5, 0.5 + rng.normal(0, 0.03)))
    return [ring, [*curve((wide, 0.05), (wide, 0.7)), *foot]]


STYLES: dict[int, Callable[[float, np.random.Generator], list[Stroke]]] = {
    1: wide_inverted_v_one,
    7: t_shaped_seven,
    4: triangle_four,
    2: mirrored_n_two,
    9: g_shaped_nine,
}


@dataclass(frozen=True)
class Writer:
    """One person: the digit that is written in a style of its own, and the style with this person's measures."""

    number: int
    odd: int
    style: Style

    def write(self, count: int, round_number: int) -> Digits:
        """Return digits on paper as the reader prepares them, a third of them the odd one; the round is the seed."""
        rng = np.random.default_rng([self.number, round_number])
        labels = np.where(rng.random(count) < ODD_SHARE, self.odd, rng.integers(0, 10, count)).astype(np.uint8)
        images = []
        for label in labels:
            ink = write_in_style(self.style, rng) if label == self.odd else write_digit(int(label), rng)
            images.append(read_from_sheet(ink, ANY_PAPER, rng))
        return Digits(np.stack(images), labels)


def simulate_writers(count: int) -> list[Writer]:
    """Return writers who take the styles in turn, each with a width of its own."""
    writers = []
    for number in range(count):
        odd = list(STYLES)[number % len(STYLES)]
        wide = float(np.random.default_rng([number, 7]).uniform(0.3, 0.6))
        writers.append(Writer(number, odd, partial(STYLES[odd], wide)))
    return writers
