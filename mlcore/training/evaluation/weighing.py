"""Fitting how the clues to a number are weighed (mlcore/reading/weights.py): on generated lines of digits that no
network was trained on, by the likelihood of choosing what was written."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcore.reading.engine import Engine
from mlcore.reading.ink import Ink
from mlcore.reading.number import Found, proposals
from mlcore.reading.weights import STANDINGS, Weights

Floats = NDArray[np.float64]

RIDGE = 2.0  # how many lines' evidence the weights that it starts from are worth
ALIKE = 0.7  # of the digits of a proposal must be right, else its digits are not those that were written


@dataclass(frozen=True)
class Sheet:
    """A line of writing as the reader finds it, and what was written."""

    ink: Ink
    text: str


def fit_weights(engine: Engine, sheets: Callable[[], Iterable[Sheet]]) -> Weights:
    """`sheets` gives the same ones twice: a thousand of them do not fit into memory together."""
    start = Weights.of_card({})
    says = fit_says(((_proposed(sheet, engine, start), sheet.text) for sheet in sheets()), start)
    return Weights(says.says, fit_worth(((_proposed(sheet, engine, says), sheet.text) for sheet in sheets()), says))


def fit_says(proposed: Iterable[tuple[list[Found], str]], start: Weights) -> Weights:
    """For digits that stand alike, how much either network's word counts."""
    words: dict[str, list[Floats]] = {standing: [] for standing in STANDINGS}
    written: dict[str, list[int]] = {standing: [] for standing in STANDINGS}
    for found, text in proposed:
        alike = max((number for number in found if _agreement(number, text) >= ALIKE), key=_worth, default=None)
        for digit, label in zip(alike.digits if alike else (), text, strict=False):
            words[digit.standing].append(digit.words)
            written[digit.standing].append(int(label))
    fitted = {
        standing: choice_weights(words[standing], written[standing], start.says[standing]) for standing in STANDINGS
    }
    return Weights(fitted, start.worth)


def fit_worth(proposed: Iterable[tuple[list[Found], str]], start: Weights) -> Floats:
    """How much each clue to a whole text counts."""
    clues, right = [], []
    for found, text in proposed:
        truths = [number for number in found if number.text == text]
        if truths and len(truths) < len(found):
            best = max(truths, key=_worth)
            others = [number for number in found if number.text != text]
            clues.append(np.stack([number.clues for number in (best, *others)]))
            right.append(0)
    return choice_weights(clues, right, start.worth)


def choice_weights(options: Sequence[Floats], chosen: Sequence[int], start: Floats) -> Floats:
    """The weights under which what was chosen is likeliest, by Newton's method. Each of `options` is (K, F)."""
    weights = start.copy()
    for _ in range(20):
        slope, curve = -RIDGE * (weights - start), RIDGE * np.eye(len(start))
        for option, right in zip(options, chosen, strict=True):
            worth = option @ weights
            shares = np.exp(worth - worth.max())
            shares /= shares.sum()
            mean = shares @ option
            slope += option[right] - mean
            curve += (option * shares[:, None]).T @ option - np.outer(mean, mean)
        step = np.linalg.solve(curve, slope)
        weights += step
        if np.abs(step).max() < 1e-5:
            break
    return weights


def _proposed(sheet: Sheet, engine: Engine, weights: Weights) -> list[Found]:
    return [number for number, _ in proposals(sheet.ink, engine, weights)]


def _agreement(number: Found, text: str) -> float:
    if len(number.text) != len(text):
        return 0.0
    return sum(a == b for a, b in zip(number.text, text, strict=True)) / len(text)


def _worth(number: Found) -> float:
    return number.worth
