"""Calibration of thresholds and confidences on validation digits and synthetic ones, never on test digits.

The pictures go through the reader's own steps, so the fit holds for what is served.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcore.artifact import Artifact
from mlcore.reading.answers.decide import CONFIDENCE_FEATURES, PREFIX, confidence_features
from mlcore.reading.budget import TooComplexError
from mlcore.reading.engine import Engine
from mlcore.reading.ink.extraction import find_ink
from mlcore.reading.layout.normalise import normalise
from mlcore.reading.numbers.number import find_number
from mlcore.reading.numbers.weights import Weights
from mlcore.training.datasets.lines import SHEETS, Writers, random_line
from mlcore.training.evaluation.weights import LineSample, fit_weights
from mlcore.training.synthesis.lines import TextLine, random_spacing, write_line
from mlcore.training.synthesis.negatives import write_negative
from mlcore.training.synthesis.sheets import render_sheet
from mlcore.training.synthesis.written_forms import random_text

Floats = NDArray[np.float64]
Pixels = NDArray[np.uint8]

# Two thirds of the risk that the model card allows: 0.3 % of sure digits wrong, 3 % of letters read as sure digits.
DIGIT_RISK = 0.002  # share of sure digits that may be wrong
NEGATIVE_RISK = 0.02  # share of negatives that may be read as sure digits
NUMBER_RISK = 0.015  # share of sure numbers that may be wrong
MAX_REJECTED = 0.003  # share of digits, and of correctly read numbers, that may be rejected
MIN_READ = 0.5  # no answer is sure below this confidence
UNREACHABLE = 2.0  # above every confidence
# 4 in 10,000 validation digits lie below 0.2. Without a minimum, digits that a sheet made illegible would set the
# threshold so low that it rejects nothing.
MIN_REJECT, MAX_REJECT = 0.15, 0.5


@dataclass(frozen=True)
class CalibrationCounts:
    """The number of pictures of each kind to calibrate on."""

    digits: int = 4_000
    negatives: int = 2_000
    numbers: int = 6_000  # with 1,500 the threshold is chance: five of the sure ones may be wrong
    numbers_for_weights: int = 3_000  # numbers on which the reader's weights are fitted


def fit_thresholds(
    artifact: Artifact, writers: Writers, seed: int, counts: CalibrationCounts | None = None
) -> dict[str, float]:
    """Return the thresholds and weights for the card; `writers` must use digits that no network was trained on."""
    counts = counts or CalibrationCounts()
    engine = Engine(artifact)
    weights = fit_weights(
        engine, lambda: render_numbers(writers, counts.numbers_for_weights, np.random.default_rng([seed, 78]))
    )
    rng = np.random.default_rng([seed, 77])
    return {
        **weights.as_card_entries(),
        **fit_digit_thresholds(*_classify_digits(engine, writers, counts, rng)),
        **fit_number_thresholds(*_read_numbers(engine, writers, weights, counts.numbers, rng)),
    }


def fit_digit_thresholds(
    confidence: Floats, is_digit: Floats, is_right: NDArray[np.bool_], is_real_digit: NDArray[np.bool_]
) -> dict[str, float]:
    """Fit the thresholds for single digits; all arrays are (N,).

    `is_real_digit` marks pictures of digits, `is_right` those of them that were classified correctly.
    """
    read = max(
        MIN_READ,
        lowest_safe_threshold(confidence[is_real_digit], is_right[is_real_digit], DIGIT_RISK),
        float(np.quantile(confidence[~is_real_digit], 1 - NEGATIVE_RISK)),
    )
    reject = float(np.clip(np.quantile(is_digit[is_real_digit], MAX_REJECTED), MIN_REJECT, MAX_REJECT))
    return {"read": read, "is_digit": reject}


def fit_number_thresholds(rows: Floats, right: NDArray[np.bool_]) -> dict[str, float]:
    """Fit the confidence of numbers from `rows` (N, features), and its thresholds.

    `right` (N,) marks numbers that were read exactly.
    """
    weights = fit_logistic(rows, right)
    confidence = 1 / (1 + np.exp(-rows @ weights))
    fitted = {PREFIX + name: float(weight) for name, weight in zip(CONFIDENCE_FEATURES, weights, strict=True)}
    fitted["number_read"] = max(MIN_READ, lowest_safe_threshold(confidence, right, NUMBER_RISK))
    fitted["number_reject"] = float(np.quantile(confidence[right], MAX_REJECTED)) if right.any() else 1.0
    return fitted


def lowest_safe_threshold(confidence: Floats, right: NDArray[np.bool_], risk: float) -> float:
    """Return the lowest threshold above which no more than `risk` of the answers are wrong."""
    order = np.argsort(-confidence)
    wrong = np.cumsum(~right[order]) / np.arange(1, len(order) + 1)
    allowed = np.flatnonzero(wrong <= risk)
    return float(confidence[order[allowed[-1]]]) if allowed.size else UNREACHABLE


def fit_logistic(rows: Floats, truth: NDArray[np.bool_], ridge: float = 1.0) -> Floats:
    """Return the weights of a logistic regression, by Newton's method; the ridge limits rare features."""
    weights = np.zeros(rows.shape[1])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-np.clip(rows @ weights, -30, 30)))
        gradient = rows.T @ (truth - chance) - ridge * weights
        curvature = (rows * (chance * (1 - chance))[:, None]).T @ rows + ridge * np.eye(len(weights))
        step = np.linalg.solve(curvature, gradient)
        weights += step
        if np.abs(step).max() < 1e-6:
            break
    return weights


def _classify_digits(
    engine: Engine, writers: Writers, counts: CalibrationCounts, rng: np.random.Generator
) -> tuple[Floats, Floats, NDArray[np.bool_], NDArray[np.bool_]]:
    """Classify pictures of digits and negatives; return the arguments of `fit_digit_thresholds`."""
    inputs, labels = [], []
    for index in range(counts.digits + counts.negatives):
        writer = writers.random_writer(rng)
        label = int(rng.integers(10)) if index < counts.digits else -1
        ink = writer(label, rng) if label >= 0 else write_negative(rng, writer)
        strength = find_ink(_render(ink, rng)).strength
        if strength.max() > 0:
            inputs.append(normalise(strength))
            labels.append(label)
    scores = engine.classify(np.stack(inputs))
    truth = np.array(labels)
    best = scores.probabilities.argmax(axis=1)
    confidence = (scores.is_digit * scores.probabilities.max(axis=1)).astype(np.float64)
    return confidence, scores.is_digit.astype(np.float64), best == truth, truth >= 0


def _read_numbers(
    engine: Engine, writers: Writers, weights: Weights, count: int, rng: np.random.Generator
) -> tuple[Floats, NDArray[np.bool_]]:
    """Read numbers; return their features and the exactness of each, for `fit_number_thresholds`."""
    rows, right = [], []
    for sample in render_numbers(writers, count, rng):
        try:
            found = find_number(sample.ink, engine, weights=weights)
        except TooComplexError:  # the reader rejects it, so it has no confidence to fit
            continue
        if found is not None and found.digits:
            rows.append(confidence_features(found))
            right.append(found.text == sample.text and (not engine.signs or found.written == sample.written))
    return np.array(rows).reshape(-1, len(CONFIDENCE_FEATURES)), np.array(right, np.bool_)


def render_numbers(writers: Writers, count: int, rng: np.random.Generator) -> Iterator[LineSample]:
    """Yield numbers of MNIST's digits on paper, half of them with signs as a line of the training has them."""
    for line in _write_lines(writers, count, rng):
        yield LineSample(find_ink(_render(line.ink, rng)), line.text, line.written)


def _write_lines(writers: Writers, count: int, rng: np.random.Generator) -> Iterator[TextLine]:
    """Yield lines of MNIST digits only.

    The line network was trained on synthetic handwriting, on which its confidence would look too good.
    """
    for _ in range(count):
        writer = writers.random_mnist_writer(rng)
        if rng.random() < 0.5:
            yield random_line(rng, writer)
        else:  # without signs, as most people send numbers
            yield write_line(random_text(rng), int(rng.integers(20, 60)), random_spacing(rng), writer, rng, marks=False)


def _render(ink: NDArray[np.float32], rng: np.random.Generator) -> Pixels:
    styles, shares = zip(*SHEETS, strict=True)
    return render_sheet(ink, rng, styles[rng.choice(len(styles), p=shares)])
