"""Training labels from corrections: glyph images with the digit that a person assigned to them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User

from recognizer.models import Upload
from recognizer.selectors import uploads_for
from recognizer.services.history.corrections import select_current

CHUNK_SIZE = 200  # uploads whose corrections and glyphs are fetched together


@dataclass(frozen=True, slots=True)
class TrainingLabel:
    """A box of a correction with its label and, if the reader had found this box, its image."""

    upload: Upload
    number: int  # of the box in the correction, from 1
    label: str  # a digit; empty: not a digit
    input: bytes | None  # (28, 28) uint8, ink is 255; None for a box that a person drew
    kind: str  # of the correction


def training_labels_of(
    user: User, until: datetime | None = None, *, newest: int | None = None
) -> Iterator[TrainingLabel]:
    """Yield the labelled boxes of the user's current corrections, or of those that were current at a time.

    A correction without boxes yields nothing. With `newest` only so many pictures are looked at, the newest first.
    """
    uploads = uploads_for(user).exclude(original="").filter(corrections__isnull=False).distinct()
    uploads = uploads.order_by("-created_at", "-id")[:newest] if newest else uploads.order_by("created_at", "id")
    for upload in uploads.prefetch_related("corrections", "predictions__glyphs").iterator(chunk_size=CHUNK_SIZE):
        rows = upload.corrections.all()
        current = select_current(row for row in rows if until is None or row.created_at <= until)
        if current is None:
            continue
        # Glyphs of all predictions: a correction of an earlier one still applies after the upload was read again.
        glyphs = (glyph for prediction in upload.predictions.all() for glyph in prediction.glyphs.all())
        inputs = {(g.x, g.y, g.width, g.height): bytes(g.input) for g in glyphs}
        for number, item in enumerate(current.boxes, start=1):
            yield TrainingLabel(upload, number, item["label"], inputs.get(tuple(item["box"])), current.kind)
