"""Outcomes: what models make of the gate's pictures, so that two of them are compared picture by picture."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcore.artifact import Artifact
from mlcore.reading.answers.decide import sure_threshold
from mlcore.reading.budget import TooComplexError
from mlcore.reading.engine import Engine, Scores, to_scores
from mlcore.reading.numbers.number import find_number
from mlcore.training.datasets.gate_hands import Hands
from mlcore.training.datasets.gate_pictures import GatePictures
from mlcore.training.evaluation.evaluate import measure_calibration
from mlcore.training.evaluation.weights import LineSample

Flags = NDArray[np.bool_]
PART = 256  # images that the network classifies at once


@dataclass(frozen=True)
class Outcomes:
    """The outcomes of one model; the digits are the same in each view."""

    labels: NDArray[np.uint8]  # (D,) 0..9
    right: Flags  # (V, D) the digit was classified correctly; the first view is MNIST's image
    sure: Flags  # (V, D) its confidence reaches the model's threshold
    sure_negatives: Flags  # (N,) a negative was classified as a sure digit
    exact_numbers: Flags  # (M,) the number was read exactly; empty for a model without a line network
    calibration_error: float  # over all views
    hands: tuple[str, ...]  # (S,) names of the styles of handwriting
    hand_probabilities: NDArray[np.float64]  # (S, H) 0..1, given to the digit that was written in this style


def measure_outcomes(
    artifacts: Sequence[Artifact], pictures: GatePictures, hands: Hands, numbers: Iterable[LineSample]
) -> list[Outcomes]:
    """Return the outcomes of each model; the numbers are rendered once for all."""
    engines = [Engine(artifact) for artifact in artifacts]
    exact = np.array([are_exact(engines, sample) for sample in numbers], np.bool_)
    exact = exact.reshape(-1, len(engines))
    return [
        _measure(engine, pictures, hands, exact[:, place] if engine.reads_lines else exact[:0, place])
        for place, engine in enumerate(engines)
    ]


def _measure(engine: Engine, pictures: GatePictures, hands: Hands, exact_numbers: Flags) -> Outcomes:
    shape = pictures.views.shape[:2]
    labels = np.tile(pictures.labels, len(pictures.views))
    scores = _classify(engine, pictures.views.reshape(-1, *pictures.views.shape[2:]))
    right = scores.probabilities.argmax(axis=1) == labels
    return Outcomes(
        labels=pictures.labels,
        right=right.reshape(shape),
        sure=_are_sure(engine, scores).reshape(shape),
        sure_negatives=_are_sure(engine, _classify(engine, pictures.negatives)),
        exact_numbers=exact_numbers,
        calibration_error=measure_calibration(scores.probabilities, labels).error,
        hands=hands.names,
        hand_probabilities=_measure_hands(engine, hands),
    )


def _measure_hands(engine: Engine, hands: Hands) -> NDArray[np.float64]:
    """Return the probability of what was written, (S, H): that it is a digit, and this one."""
    scores = _classify(engine, hands.images.reshape(-1, *hands.images.shape[2:]))
    labels = np.repeat(hands.labels, hands.images.shape[1])
    probabilities = scores.is_digit * scores.probabilities[np.arange(len(labels)), labels]
    return np.asarray(probabilities.reshape(hands.images.shape[:2]), np.float64)


def _classify(engine: Engine, images: NDArray[np.uint8]) -> Scores:
    logits = [engine.logits(images[start : start + PART]) for start in range(0, len(images), PART)]
    return to_scores(np.concatenate(logits), engine.artifact.card.temperature)


def _are_sure(engine: Engine, scores: Scores) -> Flags:
    threshold = sure_threshold(engine.artifact.card.thresholds, is_number=False)
    return np.asarray(scores.is_digit * scores.probabilities.max(axis=1) >= threshold)


def are_exact(engines: Sequence[Engine], sample: LineSample) -> list[bool]:
    """Return for each model whether it reads the number. Signs count for all models where the first one reads them."""
    return [is_exact(engine, sample, with_signs=bool(engines[0].signs)) for engine in engines]


def is_exact(engine: Engine, sample: LineSample, *, with_signs: bool) -> bool:
    """Return whether the model reads what was written. On a line without digits it must find none."""
    try:
        found = find_number(sample.ink, engine) if engine.reads_lines else None
    except TooComplexError:
        return False
    if found is None or not sample.text:
        return found is None and not sample.text
    return found.text == sample.text and (not with_signs or found.written == sample.written)
