"""What people said of digits that the reader had cut out: pictures with labels, for a network to learn from."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib.auth.models import User

from recognizer.models import Upload
from recognizer.selectors import uploads_for
from recognizer.services.history.corrections import standing

AT_ONCE = 200  # uploads whose corrections and glyphs are fetched together


@dataclass(frozen=True, slots=True)
class Lesson:
    upload: Upload
    number: int  # of the box among those that were said
    label: str  # a digit; empty: no digit
    input: bytes | None  # (28, 28) uint8, ink is 255; None where a person drew the box: its ink is not known


def lessons_of(user: User) -> Iterator[Lesson]:
    """Of every correction that stands. Where somebody said a text without its places, nothing can be learnt."""
    uploads = uploads_for(user).filter(corrections__isnull=False).distinct().order_by("created_at", "id")
    for upload in uploads.prefetch_related("corrections", "predictions__glyphs").iterator(chunk_size=AT_ONCE):
        stands = standing(upload.corrections.all())
        if stands is None:
            continue
        # Of every reading: what was said of an earlier one holds after the picture was read again.
        glyphs = (glyph for prediction in upload.predictions.all() for glyph in prediction.glyphs.all())
        inputs = {(g.x, g.y, g.width, g.height): bytes(g.input) for g in glyphs}
        for number, place in enumerate(stands.boxes, start=1):
            yield Lesson(upload, number, place["label"], inputs.get(tuple(place["box"])))
