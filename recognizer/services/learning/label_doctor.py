"""The label doctor: reviewed digits whose label the network and their nearest neighbours find unlikely."""

from collections import deque
from dataclasses import dataclass

import numpy as np
from django.contrib.auth.models import User
from numpy.typing import NDArray

from mlcore.explaining.neighbours import embed, share_labels
from mlcore.reading.engine import NOT_A_DIGIT
from recognizer.models import ModelVersion
from recognizer.services.explaining.explanations import explainer_of
from recognizer.services.explaining.training_digits import training_digits
from recognizer.services.learning.selection import ReviewedDigit, reviewed_digits_of
from recognizer.services.registry.model_versions import models

MAX_DIGITS = 1_000  # that are checked at once, of the newest pictures
NEIGHBOURS = 15
DOUBTFUL_FROM = 0.9  # doubt; a digit below it is not listed


@dataclass(frozen=True, slots=True)
class DoubtfulLabel:
    """A reviewed digit whose label is unlikely, with what the network says instead."""

    digit: ReviewedDigit
    said: str  # by the network; empty: not a digit
    doubt: float  # 0 to 1

    @property
    def label(self) -> str:
        return label_text(self.digit.label)


@dataclass(frozen=True, slots=True)
class LabelCheck:
    checked: int
    doubtful: list[DoubtfulLabel]  # the most doubtful first


def check_labels(person: User) -> LabelCheck:
    """Check the labels of the person's newest reviewed digits with the active model."""
    digits = list(deque(reviewed_digits_of(person), MAX_DIGITS))
    if not digits:
        return LabelCheck(0, [])
    images = np.frombuffer(b"".join(digit.input for digit in digits), np.uint8).reshape(-1, 28, 28)
    labels = np.array([digit.label for digit in digits], np.uint8)
    version = models.active_model().version
    said, doubts = measure_doubt(version, images, labels)
    found = [
        DoubtfulLabel(digit, label_text(int(number)), float(doubt))
        for digit, number, doubt in zip(digits, said, doubts, strict=True)
        if doubt >= DOUBTFUL_FROM
    ]
    return LabelCheck(len(digits), sorted(found, key=lambda each: -each.doubt))


def measure_doubt(
    version: ModelVersion, images: NDArray[np.uint8], labels: NDArray[np.uint8]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return what the network says of each image, (N,), and how doubtful its label is, (N,) 0..1.

    The doubt is what is missing to certainty in the mean of two values: the probability of the label, and the share of
    the nearest training digits that have it. Without embedded training digits the probability alone counts.
    """
    engine = models.model(version).reader.engine
    logits = engine.logits(images).astype(np.float64)
    chances = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))  # (N, 11)
    support = chances[np.arange(len(labels)), labels]
    examples = training_digits.fetch(version)
    if examples is not None:
        vectors = embed(explainer_of(engine), images)
        shares = share_labels(vectors, examples.vectors, np.asarray(examples.labels), labels, NEIGHBOURS)
        # MNIST has no examples of what is no digit.
        support = np.where(labels == NOT_A_DIGIT, support, (support + shares) / 2)
    return logits.argmax(axis=1), 1 - support


def label_text(label: int) -> str:
    return "" if label == NOT_A_DIGIT else str(label)
