"""The label doctor: reviewed digits whose label the network and their nearest neighbours find unlikely."""

from dataclasses import dataclass
from itertools import islice

import numpy as np
from django.contrib.auth.models import User

from mlcore.explaining.doubt import DOUBTFUL_FROM, measure_doubt
from mlcore.reading.engine import NOT_A_DIGIT
from recognizer.services.explaining.explanations import explainer_of
from recognizer.services.explaining.training_digits import training_digits
from recognizer.services.learning.selection import ReviewedDigit, reviewed_digits_of
from recognizer.services.registry.model_versions import models

MAX_DIGITS = 1_000  # that are checked at once, of the newest pictures


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
    digits = list(islice(reviewed_digits_of(person, newest=MAX_DIGITS), MAX_DIGITS))
    if not digits:
        return LabelCheck(0, [])
    images = np.frombuffer(b"".join(digit.input for digit in digits), np.uint8).reshape(-1, 28, 28)
    labels = np.array([digit.label for digit in digits], np.uint8)
    version = models.active_model().version
    known = training_digits.fetch(version)
    examples = None if known is None else (known.vectors, np.asarray(known.labels))
    said, doubts = measure_doubt(explainer_of(models.model(version).reader.engine), images, labels, examples)
    found = [
        DoubtfulLabel(digit, label_text(int(number)), float(doubt))
        for digit, number, doubt in zip(digits, said, doubts, strict=True)
        if doubt >= DOUBTFUL_FROM
    ]
    return LabelCheck(len(digits), sorted(found, key=lambda each: -each.doubt))


def label_text(label: int) -> str:
    return "" if label == NOT_A_DIGIT else str(label)
