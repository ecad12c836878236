"""Training labels from corrections: glyph images with the digit that a person assigned to them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, QuerySet

from recognizer.models import Correction, Glyph, Upload
from recognizer.queries.selectors import uploads_for
from recognizer.services.history.current_corrections import is_affirmed, select_current

CHUNK_SIZE = 500  # uploads whose corrections and glyphs are fetched together


class ReadGlyph(NamedTuple):
    """The digit that the reader found in a box, with its input."""

    input: bytes  # (28, 28) uint8, ink is 255
    digit: int
    confidence: float
    model_id: UUID


@dataclass(frozen=True, slots=True)
class TrainingLabel:
    """A box of a correction with its label and, if the reader had found this box, what it read there."""

    upload_id: UUID
    number: int  # of the box in the correction, from 1
    box: Sequence[int]  # x, y, width and height in the picture
    label: str  # a digit; empty: not a digit
    glyph: ReadGlyph | None  # None for a box that a person drew
    kind: str  # of the correction
    is_affirmed: bool = False  # its author looked again and said that it is right


def training_labels_of(user: User, until: datetime | None = None) -> Iterator[TrainingLabel]:
    """Yield the labelled boxes of the user's current corrections, or of those that were current at a time."""
    return training_labels_in(uploads_for(user), until)


def training_labels_in(
    uploads: QuerySet[Upload], until: datetime | None = None, *, newest: int | None = None
) -> Iterator[TrainingLabel]:
    """Yield the labelled boxes of the current corrections of uploads, or of those that were current at a time.

    A correction without boxes yields nothing. With `newest` only so many pictures are looked at, the newest first.
    """
    is_corrected = Exists(Correction.objects.filter(upload=OuterRef("pk")))
    uploads = uploads.exclude(original="").filter(is_corrected)
    rows = uploads.values_list("pk", flat=True)
    # All are read through a cursor. The newest ones are not: PostgreSQL chooses a slower plan for a cursor.
    keys = (
        iter(rows.order_by("-created_at", "-id")[:newest])
        if newest
        else rows.order_by("created_at", "id").iterator(chunk_size=CHUNK_SIZE)
    )
    while chunk := list(islice(keys, CHUNK_SIZE)):
        corrections, glyphs = fetch_corrections(chunk, until), fetch_glyphs(chunk)
        for key in chunk:
            current, affirmed = select_current(corrections[key]), is_affirmed(corrections[key])
            for number, item in enumerate(current.boxes if current else (), start=1):
                glyph = glyphs.get((key, *item["box"]))
                yield TrainingLabel(
                    key, number, item["box"], item["label"], glyph, current.kind if current else "", affirmed
                )


def fetch_corrections(uploads: Sequence[UUID], until: datetime | None) -> dict[UUID, list[Any]]:
    """Return the corrections of each upload, without the columns that labels do not need."""
    rows = Correction.objects.filter(upload__in=uploads).order_by()
    if until is not None:
        rows = rows.filter(created_at__lte=until)
    found: dict[UUID, list[Any]] = {key: [] for key in uploads}
    for row in rows.values_list("upload_id", "pk", "created_at", "kind", "boxes", named=True):
        found[row.upload_id].append(row)
    return found


def fetch_glyphs(uploads: Sequence[UUID]) -> dict[tuple[Any, ...], ReadGlyph]:
    """Return the glyphs of uploads by upload and box, those of the newest reading where several found a box.

    A correction of an earlier reading still applies after the upload was read again.
    """
    rows = Glyph.objects.filter(prediction__upload__in=uploads).order_by("prediction__created_at")
    place = ("prediction__upload_id", "x", "y", "width", "height")
    found = rows.values_list(*place, "input", "digit", "confidence", "prediction__model_id")
    return {row[:5]: ReadGlyph(bytes(row[5]), *row[6:]) for row in found}
