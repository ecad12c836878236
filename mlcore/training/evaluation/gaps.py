"""Accuracy on whole numbers by the gap between their digits: MNIST digits set in a row, on paper."""

from itertools import product, repeat

import numpy as np
from numpy.typing import NDArray

from mlcore.artifact import Artifact
from mlcore.reading.budget import TooComplexError
from mlcore.reading.engine import Engine
from mlcore.reading.ink.extraction import Ink, find_ink
from mlcore.reading.numbers.number import find_number
from mlcore.training.datasets.lines import sharpen
from mlcore.training.datasets.mnist import Digits
from mlcore.training.synthesis.lines import Spacing, write_line
from mlcore.training.synthesis.sheets import NOISY_SHEET, PLAIN_PHOTO, render_sheet
from mlcore.worker_pool import WorkerPool

GAPS: dict[str, float] = {  # in heights of a digit, between the boxes of neighbours
    "wide": 0.5,
    "usual": 0.2,
    "close": 0.08,
    "touching": 0.0,
    "overlapping by 7 %": -0.07,
    "overlapping by 15 %": -0.15,
}
SHEETS = {"a noisy, unevenly lit sheet": NOISY_SHEET, "any paper": PLAIN_PHOTO}
LONGEST = 10  # digits of a number
NUMBERS = 1000  # for each gap on each sheet: with 300, chance moves a figure by a point


def measure_by_gap(
    artifact: Artifact, test: Digits, count: int | None = None, seed: int = 1
) -> dict[str, dict[str, float]]:
    """Return the share of numbers that are read exactly, by sheet and gap.

    The numbers have 1 to 10 digits, all of them test digits.
    """
    count = count or min(NUMBERS, 1 + len(test) // 10)
    with WorkerPool((artifact, test)) as workers:
        cells = zip(*product(SHEETS, GAPS), strict=True)
        shares = workers.map(_exact_share, repeat(count), repeat(seed), *cells)
        return {sheet: {gap: next(shares) for gap in GAPS} for sheet in SHEETS}


def _exact_share(model_and_test: tuple[Artifact, Digits], count: int, seed: int, sheet: str, gap: str) -> float:
    artifact, test = model_and_test
    engine = Engine(artifact)
    images_by_digit = [test.images[test.labels == digit] for digit in range(10)]

    def draw_digit(digit: int, rng: np.random.Generator) -> NDArray[np.float32]:
        images = images_by_digit[digit]
        return sharpen(images[int(rng.integers(len(images)))], 0.5)

    rng = np.random.default_rng([seed, list(GAPS).index(gap)])
    spacing = Spacing(gap=GAPS[gap], gap_spread=0.02, rise=0.05, sizes=0.08)
    right = 0
    for _ in range(count):
        text = "".join(map(str, rng.integers(0, 10, int(rng.integers(1, LONGEST + 1)))))
        line = write_line(text, int(rng.integers(28, 56)), spacing, draw_digit, rng, marks=False)
        right += _read_text(find_ink(render_sheet(line.ink, rng, SHEETS[sheet])), engine) == text
    return right / count


def _read_text(ink: Ink, engine: Engine) -> str:
    """Return the text that is read, or "" where nothing is read, as in service."""
    try:
        found = find_number(ink, engine)
    except TooComplexError:
        return ""
    return found.text if found else ""
