"""How well numbers are read, by how far apart their digits stand: MNIST digits set in a row, on paper."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product

import cv2
import numpy as np

from mlcore.artifact import Artifact
from mlcore.reading.engine import Engine
from mlcore.reading.ink import find_ink
from mlcore.reading.number import find_number
from mlcore.training.datasets.lines import sharpened
from mlcore.training.datasets.mnist import Digits
from mlcore.training.datasets.worker import belong_to_parent
from mlcore.training.synthesis.lines import Spacing, write_line
from mlcore.training.synthesis.sheets import NOISY_SHEET, PLAIN_PHOTO, on_paper

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
STRINGS = 1000  # of each gap on each paper: with 300, chance moves a figure by a point


def exact_by_gap(
    artifact: Artifact, test: Digits, count: int | None = None, seed: int = 1
) -> dict[str, dict[str, float]]:
    """By paper and gap the share of strings read exactly: 1 to 10 digits each, none of which was trained on."""
    count = count or min(STRINGS, 1 + len(test) // 10)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(mp_context=spawn, initializer=_receive, initargs=(artifact, test)) as processes:
        shares = processes.map(partial(_exact, count, seed), *zip(*product(PAPERS, GAPS), strict=True))
        return {paper: {gap: next(shares) for gap in GAPS} for paper in PAPERS}


_engine: Engine | None = None  # in a working process, as are the test's digits
_by_digit: list[np.ndarray] = []


def _receive(artifact: Artifact, test: Digits) -> None:
    global _engine, _by_digit
    belong_to_parent()
    cv2.setNumThreads(1)
    _engine = Engine(artifact)
    _by_digit = [test.images[test.labels == digit] for digit in range(10)]


def _exact(count: int, seed: int, paper: str, gap: str) -> float:
    assert _engine is not None  # noqa: S101 - _receive ran first
    rng = np.random.default_rng([seed, list(GAPS).index(gap)])
    spacing = Spacing(gap=GAPS[gap], gap_spread=0.02, rise=0.05, sizes=0.08)
    right = 0
    for _ in range(count):
        text = "".join(map(str, rng.integers(0, 10, int(rng.integers(1, LONGEST + 1)))))
        line = write_line(text, int(rng.integers(28, 56)), spacing, _draw_digit, rng, marks=False)
        found = find_number(find_ink(on_paper(line.ink, rng, PAPERS[paper])), _engine)
        right += found is not None and found.text == text
    return right / count


def _draw_digit(digit: int, rng: np.random.Generator) -> np.ndarray:
    images = _by_digit[digit]
    return sharpened(images[int(rng.integers(len(images)))], 0.5)
