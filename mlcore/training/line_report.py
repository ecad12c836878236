"""How well numbers are read, by how far apart their digits stand: MNIST digits set in a row, on paper."""

import numpy as np

from mlcore.reading.engine import Engine
from mlcore.reading.ink import find_ink
from mlcore.reading.number import find_number
from mlcore.training.data import Digits
from mlcore.training.line_pool import sharpened
from mlcore.training.lines import Spacing, write_line
from mlcore.training.paper import NOISY_SHEET, PLAIN_PHOTO, Paper, on_paper

GAPS: dict[str, float] = {  # in heights of a digit, between the boxes of neighbours
    "wide": 0.5,
    "usual": 0.2,
    "close": 0.08,
    "touching": 0.0,
    "overlapping by 7 %": -0.07,
    "overlapping by 15 %": -0.15,
}
PAPERS = {"a noisy, unevenly lit sheet": NOISY_SHEET, "any paper": PLAIN_PHOTO}
LONGEST = 10
STRINGS = 300  # of each gap on each paper


def exact_by_gap(engine: Engine, test: Digits, count: int | None = None, seed: int = 1) -> dict[str, dict[str, float]]:
    """By paper and gap the share of strings read exactly: 1 to 10 digits each, none of which was trained on."""
    count = count or min(STRINGS, 1 + len(test) // 10)
    return {name: exact_on(paper, engine, test, count, seed) for name, paper in PAPERS.items()}


def exact_on(paper: Paper, engine: Engine, test: Digits, count: int, seed: int) -> dict[str, float]:
    by_digit = [test.images[test.labels == digit] for digit in range(10)]

    def draw_digit(digit: int, rng: np.random.Generator) -> np.ndarray:
        images = by_digit[digit]
        return sharpened(images[int(rng.integers(len(images)))], 0.5)

    shares: dict[str, float] = {}
    for name, gap in GAPS.items():
        rng = np.random.default_rng([seed, len(shares)])
        right = 0
        for _ in range(count):
            text = "".join(map(str, rng.integers(0, 10, int(rng.integers(1, LONGEST + 1)))))
            spacing = Spacing(gap=gap, gap_spread=0.02, rise=0.05, sizes=0.08)
            line = write_line(text, int(rng.integers(28, 56)), spacing, draw_digit, rng, marks=False)
            found = find_number(find_ink(on_paper(line.ink, rng, paper)), engine)
            right += found is not None and found.text == text
        shares[name] = right / count
    return shares
