"""Thresholds and confidences: fitted on generated pictures of validation digits, and of the generator's own, never on
a test. The pictures go through the reader's own steps, so what is fitted is what serves.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcore.artifact import Artifact
from mlcore.reading.decide import FEATURES, PREFIX, features
from mlcore.reading.engine import Engine
from mlcore.reading.ink import find_ink
from mlcore.reading.normalise import normalise
from mlcore.reading.number import find_number
from mlcore.reading.weights import Weights
from mlcore.training.datasets.lines import PAPERS, Writers, any_line
from mlcore.training.evaluation.weighing import Sheet, fit_weights
from mlcore.training.synthesis.lines import Line, any_spacing, any_text, write_line
from mlcore.training.synthesis.negatives import write_negative
from mlcore.training.synthesis.sheets import on_paper

Floats = NDArray[np.float64]
Pixels = NDArray[np.uint8]

# Two thirds of what is promised: 0.3 % of sure digits wrong, 3 % of letters taken for sure digits.
DIGIT_RISK = 0.002  # share of the digits answered as sure that may be wrong
NEGATIVE_RISK = 0.02  # share of what is no digit that may be answered as sure
NUMBER_RISK = 0.01  # share of the numbers answered as sure that may be wrong
REFUSED = 0.003  # share of true digits, and of numbers read right, that may be rejected
SURE_ALONE = 0.5  # nothing is sure below this
NEVER = 2.0  # no confidence reaches it
# Of validation digits 4 in 10,000 lie below 0.2; sheets that ruin a digit would let anything pass.
MEEKEST_REJECTION, BOLDEST_REJECTION = 0.15, 0.5


@dataclass(frozen=True)
class Counts:
    """How many pictures are drawn."""

    digits: int = 4_000
    negatives: int = 2_000
    numbers: int = 1_500
    weighed: int = 3_000  # numbers on which the clues to them are weighed


def fit_thresholds(artifact: Artifact, writers: Writers, seed: int, counts: Counts | None = None) -> dict[str, float]:
    """`writers` must hold digits that no network was trained on."""
    counts = counts or Counts()
    engine = Engine(artifact)
    weights = fit_weights(engine, lambda: _sheets(writers, counts.weighed, np.random.default_rng([seed, 78])))
    rng = np.random.default_rng([seed, 77])
    return {
        **weights.for_card(),
        **fit_digits(*_judged_digits(engine, writers, counts, rng)),
        **fit_numbers(*_judged_numbers(engine, writers, weights, counts.numbers, rng)),
    }


def fit_digits(
    confidence: Floats, is_digit: Floats, right: NDArray[np.bool_], true: NDArray[np.bool_]
) -> dict[str, float]:
    """`true`: it was a digit at all; `right`: and read right. All (N,)."""
    read = max(
        SURE_ALONE,
        lowest_sure(confidence[true], right[true], DIGIT_RISK),
        float(np.quantile(confidence[~true], 1 - NEGATIVE_RISK)),
    )
    reject = float(np.clip(np.quantile(is_digit[true], REFUSED), MEEKEST_REJECTION, BOLDEST_REJECTION))
    return {"read": read, "is_digit": reject}


def fit_numbers(rows: Floats, right: NDArray[np.bool_]) -> dict[str, float]:
    """`rows` (N, features), `right` (N,): the whole number was."""
    weights = logistic(rows, right)
    confidence = 1 / (1 + np.exp(-rows @ weights))
    fitted = {PREFIX + name: float(weight) for name, weight in zip(FEATURES, weights, strict=True)}
    fitted["number_read"] = max(SURE_ALONE, lowest_sure(confidence, right, NUMBER_RISK))
    fitted["number_reject"] = float(np.quantile(confidence[right], REFUSED)) if right.any() else 1.0
    return fitted


def lowest_sure(confidence: Floats, right: NDArray[np.bool_], risk: float) -> float:
    """The lowest threshold above which no more than `risk` of the answers are wrong."""
    order = np.argsort(-confidence)
    wrong = np.cumsum(~right[order]) / np.arange(1, len(order) + 1)
    allowed = np.flatnonzero(wrong <= risk)
    return float(confidence[order[allowed[-1]]]) if allowed.size else NEVER


def logistic(rows: Floats, truth: NDArray[np.bool_], ridge: float = 1.0) -> Floats:
    """Weights of a logistic regression by Newton's method; the ridge keeps rare features modest."""
    weights = np.zeros(rows.shape[1])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-np.clip(rows @ weights, -30, 30)))
        slope = rows.T @ (truth - chance) - ridge * weights
        curve = (rows * (chance * (1 - chance))[:, None]).T @ rows + ridge * np.eye(len(weights))
        step = np.linalg.solve(curve, slope)
        weights += step
        if np.abs(step).max() < 1e-6:
            break
    return weights


def _judged_digits(
    engine: Engine, writers: Writers, counts: Counts, rng: np.random.Generator
) -> tuple[Floats, Floats, NDArray[np.bool_], NDArray[np.bool_]]:
    inputs, labels = [], []
    for index in range(counts.digits + counts.negatives):
        writer = writers.any_writer(rng)
        label = int(rng.integers(10)) if index < counts.digits else -1
        ink = writer(label, rng) if label >= 0 else write_negative(rng, writer)
        strength = find_ink(_sheet(ink, rng)).strength
        if strength.max() > 0:
            inputs.append(normalise(strength))
            labels.append(label)
    scores = engine.classify(np.stack(inputs))
    truth = np.array(labels)
    best = scores.probabilities.argmax(axis=1)
    confidence = (scores.is_digit * scores.probabilities.max(axis=1)).astype(np.float64)
    return confidence, scores.is_digit.astype(np.float64), best == truth, truth >= 0


def _judged_numbers(
    engine: Engine, writers: Writers, weights: Weights, count: int, rng: np.random.Generator
) -> tuple[Floats, NDArray[np.bool_]]:
    rows, right = [], []
    for sheet in _sheets(writers, count, rng):
        found = find_number(sheet.ink, engine, weights=weights)
        if found is not None and found.digits:
            rows.append(features(found))
            right.append(found.text == sheet.text)
    return np.array(rows), np.array(right)


def _sheets(writers: Writers, count: int, rng: np.random.Generator) -> Iterator[Sheet]:
    for line in _lines(writers, count, rng):
        yield Sheet(find_ink(_sheet(line.ink, rng)), line.text)


def _lines(writers: Writers, count: int, rng: np.random.Generator) -> Iterator[Line]:
    """Of digits that people wrote: the generator's hands are those that the line network learnt from, and on them it
    would be trusted too much."""
    for _ in range(count):
        writer = writers.writer_from_mnist(rng)
        if rng.random() < 0.5:
            yield any_line(rng, writer)
        else:  # without signs beside them, as most people send numbers
            yield write_line(any_text(rng), int(rng.integers(20, 60)), any_spacing(rng), writer, rng, marks=False)


def _sheet(ink: NDArray[np.float32], rng: np.random.Generator) -> Pixels:
    papers, shares = zip(*PAPERS, strict=True)
    return on_paper(ink, rng, papers[rng.choice(len(papers), p=shares)])
