"""The fit of the reader's weights (mlcore/reading/numbers/weights.py), by which it chooses among proposed texts.

They are fitted on synthetic lines of held-out digits, by the likelihood of choosing the written text.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcore.reading.budget import TooComplexError
from mlcore.reading.engine import Engine
from mlcore.reading.ink.extraction import Ink
from mlcore.reading.numbers.found import FoundNumber
from mlcore.reading.numbers.number import propose_numbers
from mlcore.reading.numbers.weights import PLACEMENTS, Weights

Floats = NDArray[np.float64]

RIDGE = 2.0  # number of lines whose evidence the initial weights equal
MIN_AGREEMENT = 0.7  # share of its digits that must be right for a proposal to be learnt from


@dataclass(frozen=True)
class LineSample:
    """The ink that the reader finds of a line, and what was written."""

    ink: Ink
    text: str  # digits only
    written: str  # with its signs


def fit_weights(engine: Engine, samples: Callable[[], Iterable[LineSample]]) -> Weights:
    """Fit all weights; `samples` is called twice for the same lines, which do not fit into memory together."""
    start = Weights.from_card({})
    fitted = fit_network_weights(((_propose(line, engine, start), line.text) for line in samples()), start)
    proposed = ((_propose(line, engine, fitted), line.text) for line in samples())
    return Weights(fitted.network_weights, fit_text_weights(proposed, fitted))


def fit_network_weights(proposed: Iterable[tuple[list[FoundNumber], str]], start: Weights) -> Weights:
    """Fit how much each network counts for one digit, by the way the digit stands."""
    options: dict[str, list[Floats]] = {placement: [] for placement in PLACEMENTS}
    labels: dict[str, list[int]] = {placement: [] for placement in PLACEMENTS}
    for found, text in proposed:
        close = [number for number in found if _agreement(number, text) >= MIN_AGREEMENT]
        best = max(close, key=_score, default=None)
        for digit, label in zip(best.digits if best else (), text, strict=False):
            options[digit.placement].append(digit.log_probabilities)
            labels[digit.placement].append(int(label))
    fitted = {
        placement: fit_choices(options[placement], labels[placement], start.network_weights[placement])
        for placement in PLACEMENTS
    }
    return Weights(fitted, start.feature_weights)


def fit_text_weights(proposed: Iterable[tuple[list[FoundNumber], str]], start: Weights) -> Floats:
    """Fit how much each feature of a whole text counts."""
    options, chosen = [], []
    for found, text in proposed:
        right = [number for number in found if number.text == text]
        if right and len(right) < len(found):
            best = max(right, key=_score)
            wrong = [number for number in found if number.text != text]
            options.append(np.stack([number.features for number in (best, *wrong)]))
            chosen.append(0)
    return fit_choices(options, chosen, start.feature_weights)


def fit_choices(options: Sequence[Floats], chosen: Sequence[int], start: Floats) -> Floats:
    """Return the weights under which the choices are most likely, by Newton's method.

    Each of `options` holds the features of K alternatives, (K, F); `chosen` has the index of the right one in each.
    """
    weights = start.copy()
    for _ in range(20):
        gradient, curvature = -RIDGE * (weights - start), RIDGE * np.eye(len(start))
        for option, right in zip(options, chosen, strict=True):
            scores = option @ weights
            shares = np.exp(scores - scores.max())
            shares /= shares.sum()
            mean = shares @ option
            gradient += option[right] - mean
            curvature += (option * shares[:, None]).T @ option - np.outer(mean, mean)
        step = np.linalg.solve(curvature, gradient)
        weights += step
        if np.abs(step).max() < 1e-5:
            break
    return weights


def _propose(line: LineSample, engine: Engine, weights: Weights) -> list[FoundNumber]:
    """Return the proposed numbers; none where the reader would reject the picture as too complex."""
    try:
        return [number for number, _ in propose_numbers(line.ink, engine, weights)]
    except TooComplexError:
        return []


def _agreement(number: FoundNumber, text: str) -> float:
    """Return the share of digits that are right, or 0 if the number of digits is wrong."""
    if len(number.text) != len(text):
        return 0.0
    return sum(a == b for a, b in zip(number.text, text, strict=True)) / len(text)


def _score(number: FoundNumber) -> float:
    return number.score
