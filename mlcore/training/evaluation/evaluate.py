"""How good a network is: accuracy with its uncertainty, calibration, robustness, latency."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.artifact import Artifact
from mlcore.reading.engine import NOT_A_DIGIT, Engine, scores
from mlcore.reading.ink import find_ink
from mlcore.reading.normalise import normalise
from mlcore.reading.reader import Reader
from mlcore.reading.result import Reading
from mlcore.training.datasets.mnist import Digits
from mlcore.training.evaluation.line_report import exact_by_gap
from mlcore.training.evaluation.refusals import EACH, refusals
from mlcore.training.synthesis.sheets import NOISY_SHEET, PLAIN_PHOTO, Paper, on_paper

Images = NDArray[np.uint8]  # (N, 28, 28)
Logits = NDArray[np.float32]  # (N, 11)
Classify = Callable[[Images], Logits]
CONFIDENCE_BINS = 15


def fit_temperature(logits: Logits, labels: NDArray[np.uint8]) -> float:
    """The divisor of the logits that makes confidence honest: least log loss on digits of the validation split."""
    digits = labels < NOT_A_DIGIT
    chosen, truth = logits[digits, :NOT_A_DIGIT].astype(np.float64), labels[digits]
    candidates = np.exp(np.linspace(np.log(0.25), np.log(4), 241))
    return float(min(candidates, key=lambda t: _log_loss(chosen / t, truth)))


def _log_loss(logits: NDArray[np.float64], labels: NDArray[np.uint8]) -> float:
    logs = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    return float(-logs[np.arange(len(labels)), labels].mean())


def wilson(right: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a share; honest also near 1, where the plain one leaves 0..1."""
    share = right / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return float(middle - half), float(min(1.0, middle + half))


@dataclass(frozen=True)
class Calibration:
    """Digits by confidence, in bins of equal width."""

    confidence: NDArray[np.float64]  # (B,) mean of the bin
    accuracy: NDArray[np.float64]  # (B,)
    count: NDArray[np.int64]  # (B,)

    @property
    def error(self) -> float:
        """Expected calibration error: the mean gap, weighted by how many fell into the bin."""
        return float(np.abs(self.confidence - self.accuracy) @ self.count / max(self.count.sum(), 1))


def calibration(probabilities: NDArray[np.float32], labels: NDArray[np.uint8]) -> Calibration:
    top = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = np.minimum((top * CONFIDENCE_BINS).astype(int), CONFIDENCE_BINS - 1)
    count = np.bincount(bins, minlength=CONFIDENCE_BINS)
    filled = np.maximum(count, 1)
    return Calibration(
        np.bincount(bins, top, CONFIDENCE_BINS) / filled, np.bincount(bins, right, CONFIDENCE_BINS) / filled, count
    )


def examine(artifact: Artifact, test: Digits, *, thorough: bool = True) -> dict[str, Any]:
    """All figures of an artifact, of the network as it serves."""
    engine = Engine(artifact)
    found = {
        "test": metrics(engine.logits, test, artifact.card.temperature),
        "latency_ms": latency_ms(engine.logits, test.images),
    }
    if thorough:
        found["robustness"] = robustness(engine.logits, test)
        found["read_as_png"] = read_as_png(Reader(artifact), test)
        found["refusals"] = refusals(Reader(artifact), each=min(EACH, 1 + len(test) // 250))
        if engine.reads_lines:
            found["numbers_by_gap"] = exact_by_gap(artifact, test)
    return found


def read_as_png(reader: Reader, test: Digits) -> dict[str, Any]:
    """The whole way, as `manage.py read --mode digit` goes it: each image a PNG, black on white as on paper."""
    right = sure = sure_wrong = 0
    for start in range(0, len(test), 256):
        part = test[slice(start, start + 256)]
        pictures = [cv2.imencode(".png", 255 - image)[1].tobytes() for image in part.images]
        for answer, label in zip(reader.read_many(pictures, "digit"), part.labels, strict=True):
            ok = isinstance(answer, Reading) and answer.text == str(label)
            is_sure = isinstance(answer, Reading) and answer.decision == "read"
            right, sure, sure_wrong = right + ok, sure + is_sure, sure_wrong + (is_sure and not ok)
    low, high = wilson(right, len(test))
    return {
        "accuracy": right / len(test),
        "interval": [low, high],
        "sure": sure / len(test),
        "sure_but_wrong": sure_wrong / len(test),
    }


def metrics(classify: Classify, test: Digits, temperature: float) -> dict[str, Any]:
    """Of the bare network on images that lie in MNIST's frame."""
    judged = scores(classify(test.images), temperature)
    answers = judged.probabilities.argmax(axis=1)
    right = answers == test.labels
    low, high = wilson(int(right.sum()), len(test))
    return {
        "accuracy": float(right.mean()),
        "interval": [low, high],
        "images": len(test),
        "errors": int((~right).sum()),
        "errors_by_digit": {str(d): int((~right & (test.labels == d)).sum()) for d in range(10)},
        "ece": calibration(judged.probabilities, test.labels).error,
        "called_not_a_digit": float((judged.is_digit < 0.5).mean()),
    }


def confusion(classify: Classify, test: Digits) -> NDArray[np.int64]:
    """(10, 10): rows are the truth, columns the answer."""
    answers = classify(test.images)[:, :NOT_A_DIGIT].argmax(axis=1)
    table = np.zeros((10, 10), np.int64)
    np.add.at(table, (test.labels, answers), 1)
    return table


def robustness(classify: Classify, test: Digits, seed: int = 0) -> dict[str, float]:
    """Accuracy under one change at a time, each at a strength that a person still reads."""
    return {
        name: float(
            (classify(change(test.images, np.random.default_rng(seed)))[:, :10].argmax(1) == test.labels).mean()
        )
        for name, change in CHANGES.items()
    }


def _each(change: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]) -> Callable[[Images, np.random.Generator], Images]:
    return lambda images, rng: np.stack([change(image) for image in images])


def _moved(matrix: list[list[float]]) -> Callable[[Images, np.random.Generator], Images]:
    """`matrix` (2, 3) works round the image's centre."""
    about = np.array(matrix, np.float32)
    about[:, 2] += 13.5 - about[:, :2] @ np.array([13.5, 13.5], np.float32)
    return _each(lambda image: cv2.warpAffine(image, about, (28, 28)))


def _turned(degrees: float) -> Callable[[Images, np.random.Generator], Images]:
    cos, sin = float(np.cos(np.radians(degrees))), float(np.sin(np.radians(degrees)))
    return _moved([[cos, sin, 0], [-sin, cos, 0]])


def _noisy(images: Images, rng: np.random.Generator) -> Images:
    grain = rng.normal(0, 40, images.shape)
    return np.clip(images + grain, 0, 255).astype(np.uint8)


def _coarse(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    small = cv2.resize(image, (12, 12), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (28, 28), interpolation=cv2.INTER_LINEAR)


def _on(paper: Paper) -> Callable[[Images, np.random.Generator], Images]:
    """Four times as large on a sheet, and read back by the reader's own functions."""

    def lay(images: Images, rng: np.random.Generator) -> Images:
        read = []
        for image in images:
            strength = cv2.resize(image, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255
            read.append(normalise(find_ink(on_paper(strength, rng, paper)).strength))
        return np.stack(read)

    return lay


_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
CHANGES: Mapping[str, Callable[[Images, np.random.Generator], Images]] = {
    "unchanged": lambda images, rng: images,
    "shifted 2 px": _moved([[1, 0, 2], [0, 1, 2]]),
    "turned 15°": _turned(15),
    "turned -15°": _turned(-15),
    "scaled to 80 %": _moved([[0.8, 0, 0], [0, 0.8, 0]]),
    "scaled to 120 %": _moved([[1.2, 0, 0], [0, 1.2, 0]]),
    "blurred, sigma 1": _each(lambda image: cv2.GaussianBlur(image, (0, 0), 1)),
    "noise, sigma 40": _noisy,
    "thinner strokes": _each(lambda image: cv2.addWeighted(image, 0.4, cv2.erode(image, _CROSS), 0.6, 0)),
    "thicker strokes": _each(lambda image: cv2.dilate(image, _CROSS)),
    "contrast at 40 %": _each(lambda image: cv2.convertScaleAbs(image, alpha=0.4)),
    "12×12 pixels": _each(_coarse),
    "on a noisy, unevenly lit sheet": _on(NOISY_SHEET),
    "on paper": _on(PLAIN_PHOTO),  # of any kind: also stained, in shadow, written through from behind
}


def latency_ms(classify: Classify, images: Images, repeats: int = 200) -> dict[str, float]:
    """One image at a time, and in batches of 256; medians, after a first call that does not count."""

    def median(batch: Images, times: int) -> float:
        classify(batch)
        spent = []
        for _ in range(times):
            started = time.perf_counter()
            classify(batch)
            spent.append(time.perf_counter() - started)
        return float(np.median(spent)) * 1000

    return {"one": median(images[:1], repeats), "of_256": median(images[:256], 5) / min(256, len(images))}
