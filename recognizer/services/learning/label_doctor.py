"""The label doctor: reviewed digits whose label the network and their nearest neighbours find unlikely."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

import numpy as np
from django.contrib.auth.models import User
from django.db.models import QuerySet

from mlcore.explaining.doubt import DOUBTFUL_FROM, measure_doubt
from mlcore.reading.engine import NOT_A_DIGIT
from recognizer.models import ModelVersion, Upload
from recognizer.queries.selectors import uploads_for
from recognizer.services.explaining.explanations import explainer_of
from recognizer.services.explaining.training_digits import training_digits
from recognizer.services.history.training_labels import ReadGlyph, TrainingLabel, training_labels_in
from recognizer.services.registry.model_versions import models

MAX_DIGITS = 300  # that are checked at once, of the newest pictures
CLEAR = 0.5  # confidence with which the active model read a label itself, so that it cannot doubt it


@dataclass(frozen=True, slots=True)
class DoubtfulLabel:
    """A reviewed digit whose label is unlikely, with what the network says instead."""

    upload_id: UUID
    number: int  # of the box in the correction, from 1
    box: Sequence[int]  # x, y, width and height in the picture
    input: bytes
    label: str  # empty: not a digit
    said: str  # by the network; empty: not a digit
    doubt: float  # 0 to 1


@dataclass(frozen=True, slots=True)
class LabelCheck:
    checked: int
    doubtful: list[DoubtfulLabel]  # the most doubtful first


def check_labels(person: User) -> LabelCheck:
    """Check the labels of the person's newest reviewed digits with the active model."""
    return check_labels_in(uploads_for(person), with_affirmed=False)


def check_labels_in(uploads: QuerySet[Upload], *, with_affirmed: bool) -> LabelCheck:
    """Check the labels of the newest reviewed digits of uploads with the active model.

    The network sees only those that this model has not clearly read as their label. `with_affirmed` checks also those
    that their author has called right at a second look.
    """
    found = islice(training_labels_in(uploads, newest=MAX_DIGITS), MAX_DIGITS)
    labels = [(label, label.glyph) for label in found if label.glyph is not None]
    version = models.active_model().version
    unclear = [
        (label, glyph)
        for label, glyph in labels
        if (with_affirmed or not label.is_affirmed) and not is_clear(label, glyph, version.pk)
    ]
    return LabelCheck(len(labels), find_doubtful(version, unclear) if unclear else [])


def is_clear(label: TrainingLabel, glyph: ReadGlyph, version_id: UUID) -> bool:
    """Return whether this model read the digit as its label, so that its probability alone leaves no doubt."""
    return glyph.model_id == version_id and label.label == str(glyph.digit) and glyph.confidence >= CLEAR


def find_doubtful(version: ModelVersion, unclear: Sequence[tuple[TrainingLabel, ReadGlyph]]) -> list[DoubtfulLabel]:
    images = np.frombuffer(b"".join(glyph.input for _, glyph in unclear), np.uint8).reshape(-1, 28, 28)
    numbers = [int(label.label) if label.label else NOT_A_DIGIT for label, _ in unclear]
    known = training_digits.fetch(version)
    examples = None if known is None else (known.vectors, np.asarray(known.labels))
    explainer = explainer_of(models.model(version).reader.engine)
    said, doubts = measure_doubt(explainer, images, np.array(numbers, np.uint8), examples)
    found = [
        DoubtfulLabel(
            label.upload_id, label.number, label.box, glyph.input, label.label, label_text(int(number)), float(doubt)
        )
        for (label, glyph), number, doubt in zip(unclear, said, doubts, strict=True)
        if doubt >= DOUBTFUL_FROM
    ]
    return sorted(found, key=lambda each: -each.doubt)


def label_text(label: int) -> str:
    return "" if label == NOT_A_DIGIT else str(label)
