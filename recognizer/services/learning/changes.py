"""Own answers that a candidate would change: all own digits, classified by both models page by page."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import F, QuerySet

from mlcore.reading.engine import NOT_A_DIGIT, Engine
from mlcore.reading.reader import Reader
from recognizer.models import Glyph, ModelVersion
from recognizer.queries import selectors
from recognizer.queries.pagination import Page, SortOrder, fetch_page, parse_datetime
from recognizer.services.registry.model_versions import models

PAGE_SIZE = 300  # digits that are compared at once; both networks take under a second for them
NEWEST_FIRST = SortOrder("given_at", descending=True, parse=parse_datetime)


@dataclass(frozen=True, slots=True)
class ChangedDigit:
    """A digit that the two models classify differently. An empty text means "not a digit"."""

    glyph: Glyph
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Changes:
    page: Page[Glyph]  # all digits that were compared
    changed: list[ChangedDigit]

    @property
    def compared(self) -> int:
        return len(self.page.rows)


def find_changes(
    user: AbstractBaseUser | AnonymousUser, active: ModelVersion, candidate: ModelVersion, *, cursor: str = ""
) -> Changes:
    """Return those of a page of the person's digits that the candidate classifies differently, the newest first."""
    current = selectors.glyphs_for(user).filter(prediction__is_current=True).exclude(input=b"")
    dated: QuerySet[Any] = current.select_related("prediction").annotate(given_at=F("prediction__given_at"))
    page: Page[Glyph] = fetch_page(dated, NEWEST_FIRST, cursor=cursor, size=PAGE_SIZE)
    if not page.rows:
        return Changes(page, [])
    images = np.frombuffer(b"".join(bytes(glyph.input) for glyph in page.rows), np.uint8).reshape(-1, 28, 28)
    before, after = (classify(models.model(version).reader, images) for version in (active, candidate))
    rows = zip(page.rows, before, after, strict=True)
    return Changes(page, [ChangedDigit(glyph, old, new) for glyph, old, new in rows if old != new])


def classify(reader: Reader, images: np.ndarray) -> list[str]:
    engine: Engine = reader.engine
    classes = engine.logits(images).argmax(axis=1)
    return ["" if number == NOT_A_DIGIT else str(number) for number in classes]
