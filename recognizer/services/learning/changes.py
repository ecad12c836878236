"""Own answers that a candidate would change: digits of the newest pictures, classified by both models."""

from dataclasses import dataclass

import numpy as np
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

from mlcore.reading.engine import NOT_A_DIGIT, Engine
from mlcore.reading.reader import Reader
from recognizer import selectors
from recognizer.models import Glyph, ModelVersion
from recognizer.services.registry.model_versions import models

MAX_DIGITS = 300  # that are compared, the newest; both networks take under a second for them


@dataclass(frozen=True, slots=True)
class ChangedDigit:
    """A digit that the two models classify differently. An empty text means "not a digit"."""

    glyph: Glyph
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Changes:
    compared: int
    changed: list[ChangedDigit]


def find_changes(user: AbstractBaseUser | AnonymousUser, active: ModelVersion, candidate: ModelVersion) -> Changes:
    """Return the person's digits that the candidate classifies differently."""
    found = selectors.glyphs_for(user).filter(prediction__is_current=True).exclude(input=b"")
    glyphs = list(found.select_related("prediction").order_by("-prediction__created_at", "position")[:MAX_DIGITS])
    if not glyphs:
        return Changes(0, [])
    images = np.frombuffer(b"".join(bytes(glyph.input) for glyph in glyphs), np.uint8).reshape(-1, 28, 28)
    before, after = (classify(models.model(version).reader, images) for version in (active, candidate))
    changed = [
        ChangedDigit(glyph, old, new) for glyph, old, new in zip(glyphs, before, after, strict=True) if old != new
    ]
    return Changes(len(glyphs), changed)


def classify(reader: Reader, images: np.ndarray) -> list[str]:
    engine: Engine = reader.engine
    classes = engine.logits(images).argmax(axis=1)
    return ["" if number == NOT_A_DIGIT else str(number) for number in classes]
