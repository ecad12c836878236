"""Evaluation of an artifact: accuracy with its interval, calibration, robustness, latency."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.artifact import Artifact
from mlcore.quality.evidence import wilson_interval
from mlcore.reading.engine import NOT_A_DIGIT, Engine, to_scores
from mlcore.reading.ink.extraction import find_ink
from mlcore.reading.layout.normalise import normalise
from mlcore.reading.reader import Reader
from mlcore.reading.result import Reading
from mlcore.training.datasets.mnist import Digits
from mlcore.training.evaluation.examples import HANDS_TRIED, draw_examples
from mlcore.training.evaluation.gaps import measure_by_gap
from mlcore.training.evaluation.hands import DIGITS, LETTER_PICTURES, measure_letters, measure_unusual_hands
from mlcore.training.evaluation.refusals import PICTURES, measure_refusals
from mlcore.training.evaluation.signs import measure_signs
from mlcore.training.synthesis.sheets import NOISY_SHEET, PLAIN_PHOTO, SheetStyle, render_sheet

Images = NDArray[np.uint8]  # (N, 28, 28)
Logits = NDArray[np.float32]  # (N, 11)
Classify = Callable[[Images], Logits]
Change = Callable[[Images, np.random.Generator], Images]
CONFIDENCE_BINS = 15
FULL_TEST = 10_000  # test digits of MNIST; with fewer, proportionally fewer pictures are drawn for the other figures


def fit_digit_temperature(logits: Logits, labels: NDArray[np.uint8]) -> float:
    """Return the divisor of the logits that calibrates confidence: the least log loss on validation digits."""
    digits = labels < NOT_A_DIGIT
    chosen, truth = logits[digits, :NOT_A_DIGIT].astype(np.float64), labels[digits]
    candidates = np.exp(np.linspace(np.log(0.25), np.log(4), 241))
    return float(min(candidates, key=lambda t: _log_loss(chosen / t, truth)))


def _log_loss(logits: NDArray[np.float64], labels: NDArray[np.uint8]) -> float:
    logs = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    return float(-logs[np.arange(len(labels)), labels].mean())


@dataclass(frozen=True)
class Calibration:
    """Accuracy by confidence, in bins of equal width."""

    confidence: NDArray[np.float64]  # (B,) mean of the bin
    accuracy: NDArray[np.float64]  # (B,)
    count: NDArray[np.int64]  # (B,)

    @property
    def error(self) -> float:
        """Return the expected calibration error: the mean gap, weighted by the count of each bin."""
        return float(np.abs(self.confidence - self.accuracy) @ self.count / max(self.count.sum(), 1))

    def as_bins(self) -> list[dict[str, float]]:
        """Return the bins that hold answers, as a card stores them."""
        width = 1 / len(self.count)
        return [
            {
                "low": n * width,
                "high": (n + 1) * width,
                "count": int(self.count[n]),
                "confidence": float(self.confidence[n]),
                "right": float(self.accuracy[n]),
            }
            for n in np.flatnonzero(self.count)
        ]


def measure_calibration(probabilities: NDArray[np.float32], labels: NDArray[np.uint8]) -> Calibration:
    top = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = np.minimum((top * CONFIDENCE_BINS).astype(int), CONFIDENCE_BINS - 1)
    count = np.bincount(bins, minlength=CONFIDENCE_BINS)
    filled = np.maximum(count, 1)
    return Calibration(
        np.bincount(bins, top, CONFIDENCE_BINS) / filled, np.bincount(bins, right, CONFIDENCE_BINS) / filled, count
    )


def evaluate_artifact(artifact: Artifact, test: Digits, *, thorough: bool = True) -> dict[str, Any]:
    """Return all figures of an artifact for its card; `thorough` includes whole pictures and robustness."""
    engine = Engine(artifact)

    def scaled(count: int) -> int:
        return min(count, 1 + count * len(test) // FULL_TEST)

    figures = {
        "test": measure_network(engine.logits, test, artifact.card.temperature),
        "latency_ms": measure_latency_ms(engine.logits, test.images),
    }
    if thorough:
        figures["robustness"] = measure_robustness(engine.logits, test)
        figures["read_as_png"] = measure_png_files(Reader(artifact), test)
        figures["unusual_hands"] = measure_unusual_hands(Reader(artifact), scaled(DIGITS))
        figures["letters"] = measure_letters(Reader(artifact), scaled(LETTER_PICTURES))
        figures["examples"] = draw_examples(Reader(artifact), scaled(HANDS_TRIED))
        figures["refusals"] = measure_refusals(Reader(artifact), scaled(PICTURES))
        if engine.reads_lines:
            figures["numbers_by_gap"] = measure_by_gap(artifact, test)
        if engine.signs:
            figures["numbers_with_signs"] = measure_signs(artifact, test)
    return figures


def measure_png_files(reader: Reader, test: Digits) -> dict[str, Any]:
    """Read every image as a PNG file, black on white, in the way of `manage.py read --mode digit`."""
    right = sure = sure_wrong = 0
    for start in range(0, len(test), 256):
        part = test[slice(start, start + 256)]
        pictures = [cv2.imencode(".png", 255 - image)[1].tobytes() for image in part.images]
        for answer, label in zip(reader.read_many(pictures, "digit"), part.labels, strict=True):
            is_right = isinstance(answer, Reading) and answer.text == str(label)
            is_sure = isinstance(answer, Reading) and answer.decision == "read"
            right, sure, sure_wrong = right + is_right, sure + is_sure, sure_wrong + (is_sure and not is_right)
    low, high = wilson_interval(right / len(test), len(test))
    return {
        "accuracy": right / len(test),
        "interval": [low, high],
        "sure": sure / len(test),
        "sure_but_wrong": sure_wrong / len(test),
    }


def measure_network(classify: Classify, test: Digits, temperature: float) -> dict[str, Any]:
    """Return the figures of the network alone, on images in MNIST's frame."""
    logits = classify(test.images)
    classified = to_scores(logits, temperature)
    answers = classified.probabilities.argmax(axis=1)
    right = answers == test.labels
    low, high = wilson_interval(float(right.mean()), len(test))
    calibration = measure_calibration(classified.probabilities, test.labels)
    return {
        "accuracy": float(right.mean()),
        "interval": [low, high],
        "images": len(test),
        "errors": int((~right).sum()),
        "errors_by_digit": {str(d): int((~right & (test.labels == d)).sum()) for d in range(10)},
        "ece": calibration.error,
        "called_not_a_digit": float((classified.is_digit < 0.5).mean()),
        "confusions": count_confusions(lambda images: logits, test).tolist(),
        "reliability": calibration.as_bins(),
    }


def count_confusions(classify: Classify, test: Digits) -> NDArray[np.int64]:
    """Count the answers (10, 10): rows are the truth, columns the answer."""
    answers = classify(test.images)[:, :NOT_A_DIGIT].argmax(axis=1)
    table = np.zeros((10, 10), np.int64)
    np.add.at(table, (test.labels, answers), 1)
    return table


def measure_robustness(classify: Classify, test: Digits, seed: int = 0) -> dict[str, float]:
    """Return the accuracy under one change at a time; a person can still read the images."""
    return {
        name: float(
            (classify(change(test.images, np.random.default_rng(seed)))[:, :10].argmax(1) == test.labels).mean()
        )
        for name, change in CHANGES.items()
    }


def _each(change: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]) -> Change:
    return lambda images, rng: np.stack([change(image) for image in images])


def _transform(matrix: list[list[float]]) -> Change:
    """Return the affine change by `matrix` (2, 3) round the image's centre."""
    centred = np.array(matrix, np.float32)
    centred[:, 2] += 13.5 - centred[:, :2] @ np.array([13.5, 13.5], np.float32)
    return _each(lambda image: cv2.warpAffine(image, centred, (28, 28)))


def _turn(degrees: float) -> Change:
    cos, sin = float(np.cos(np.radians(degrees))), float(np.sin(np.radians(degrees)))
    return _transform([[cos, sin, 0], [-sin, cos, 0]])


def _add_noise(images: Images, rng: np.random.Generator) -> Images:
    grain = rng.normal(0, 40, images.shape)
    return np.clip(images + grain, 0, 255).astype(np.uint8)


def _coarsen(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    small = cv2.resize(image, (12, 12), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (28, 28), interpolation=cv2.INTER_LINEAR)


def _render_on(style: SheetStyle) -> Change:
    """Return the change that lays images on a sheet, four times as large, and prepares them as the reader does."""

    def render_and_read(images: Images, rng: np.random.Generator) -> Images:
        frames = []
        for image in images:
            strength = cv2.resize(image, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255
            frames.append(normalise(find_ink(render_sheet(strength, rng, style)).strength))
        return np.stack(frames)

    return render_and_read


_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
CHANGES: Mapping[str, Change] = {
    "unchanged": lambda images, rng: images,
    "shifted 2 px": _transform([[1, 0, 2], [0, 1, 2]]),
    "turned 15°": _turn(15),
    "turned -15°": _turn(-15),
    "scaled to 80 %": _transform([[0.8, 0, 0], [0, 0.8, 0]]),
    "scaled to 120 %": _transform([[1.2, 0, 0], [0, 1.2, 0]]),
    "blurred, sigma 1": _each(lambda image: cv2.GaussianBlur(image, (0, 0), 1)),
    "noise, sigma 40": _add_noise,
    "thinner strokes": _each(lambda image: cv2.addWeighted(image, 0.4, cv2.erode(image, _CROSS), 0.6, 0)),
    "thicker strokes": _each(lambda image: cv2.dilate(image, _CROSS)),
    "contrast at 40 %": _each(lambda image: cv2.convertScaleAbs(image, alpha=0.4)),
    "12×12 pixels": _each(_coarsen),
    "on a noisy, unevenly lit sheet": _render_on(NOISY_SHEET),
    "on paper": _render_on(PLAIN_PHOTO),  # also with specks, shadows and writing that shows through
}


def measure_latency_ms(classify: Classify, images: Images, repeats: int = 200) -> dict[str, float]:
    """Return the median milliseconds of one image, and of each image in batches of 256, after a warm-up call."""

    def median(batch: Images, times: int) -> float:
        classify(batch)
        seconds = []
        for _ in range(times):
            started = time.perf_counter()
            classify(batch)
            seconds.append(time.perf_counter() - started)
        return float(np.median(seconds)) * 1000

    return {"one": median(images[:1], repeats), "of_256": median(images[:256], 5) / min(256, len(images))}
