"""Readings for visitors without an account: their drawings, of which nothing is stored, and the examples."""

from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import gettext as _

from mlcore.reading.files.decode import check_length
from mlcore.reading.files.errors import PictureError
from mlcore.reading.files.header import read_header
from mlcore.reading.result import Reading
from recognizer.figures.drawings import draw_png
from recognizer.problems import Problem
from recognizer.services.limits.reading_slots import reading_slots
from recognizer.services.reading.predictions import PictureReading, read_picture
from recognizer.services.registry.model_versions import models

# A drawing of the pad has 800 × 600 pixels and at most a few dozen kilobytes.
MAX_BYTES = 200_000
MAX_PIXELS = 800 * 600
VISITORS = 0  # all visitors share the reading slots of this account id, which no account has
EXAMPLES = ("7", "1905", "3.75")


@dataclass(frozen=True, slots=True)
class Example:
    """A number drawn with the strokes of this product, and how the active model reads it."""

    text: str
    reading: Reading


def read_drawing(data: bytes) -> PictureReading:
    """Read a visitor's drawing without storing anything. Raise Problem if it is larger than the pad."""
    if len(data) > MAX_BYTES:
        raise Problem("file_too_large", _("The drawing is too large. Clear the pad and draw it again."))
    try:
        check_length(data)
        header = read_header(data)
    except PictureError as error:
        raise Problem.of_picture(error) from error
    if header.width * header.height > MAX_PIXELS:
        raise Problem("too_many_pixels", _("The drawing is too large. Clear the pad and draw it again."))
    with reading_slots.taken_by(VISITORS, spared=1):
        return read_picture(data, "lines")


def read_examples() -> tuple[Example, ...]:
    """Return the examples as the active model reads them."""
    return _read_examples(models.active_model().version.digest)


@lru_cache(maxsize=2)
def _read_examples(digest: str) -> tuple[Example, ...]:
    return tuple(Example(text, read_picture(draw_png(text), "lines").reading) for text in EXAMPLES)
