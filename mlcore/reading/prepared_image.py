"""The preparation of a picture for the networks: its ink is found, and normalised as if it were one digit."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mlcore.reading.answers.assembly import to_original_box
from mlcore.reading.files.decode import Picture, decode
from mlcore.reading.files.errors import PictureError
from mlcore.reading.ink import specks
from mlcore.reading.ink.extraction import Ink, find_ink
from mlcore.reading.ink.shade import stroke_share
from mlcore.reading.layout.normalise import SIDE, crop_to, ink_box, normalise
from mlcore.reading.layout.strip import WRITING
from mlcore.reading.layout.text_lines import find_pieces, usual_height
from mlcore.reading.result import Box, Mode, Reason
from mlcore.reading.trace import Trace, no_trace

BATCH_IMAGES = 64  # that the digit network classifies in one call
BATCH_PIXELS = 150_000  # of ink in one call: new memory for more takes longer than a larger call saves
MIN_INK_SIDE = 3  # px of the original: anything smaller counts as no ink
MIN_DIGIT_SIDE = 6  # px of the original: anything smaller is too small to read
MIN_CONTRAST = 0.05  # between ink and paper
# Share of the ink that lies in strokes. Of the synthetic digits on all papers 1 in 1,500 has less; of photographed
# things and shadows 9 in 10 have less.
MIN_STROKE_SHARE = 0.9
MIN_STROKE_SHARE_CUT_OFF = 0.7  # where the picture's edge hides one side of a stroke
MAX_DIGIT_PIECES = 40  # of ink in one digit: no synthetic digit of 1,500 had over 8, a printed page has hundreds
PAGE_BLUR = 0.5  # px: sigma that leaves the strokes of small digits
EMPTY_INPUT = np.zeros((SIDE, SIDE), np.uint8)


@dataclass(frozen=True, slots=True)
class PreparedImage:
    """A picture prepared for the networks."""

    width: int
    height: int
    scale: float  # px of the ink for one px of the original
    box: Box | None  # around all ink; None where there is none
    input: NDArray[np.uint8]  # (28, 28): all ink as one digit
    ink_likelihood: float  # 0..1: probability by the ink alone that this is one written digit
    doubt: Reason | None
    ink: Ink | None  # None where the picture is not searched for a number


def prepare_image(picture: Picture, mode: Mode, trace: Trace = no_trace) -> PreparedImage:
    """Find the ink and normalise all of it as one digit. The ink itself is kept where it may be a number."""
    trace("picture", picture.pixels)
    ink = find_ink(picture.pixels, trace)
    if mode == "lines" and ink.scale < 1 and (height := usual_height(*find_pieces(ink.strength)[1:])) < WRITING:
        # A page with small digits: its strips would be enlarged from fewer pixels than the picture has. Its paper seems
        # grainy where there is much ink, and a blur would take the strokes of such digits.
        side = round(max(ink.strength.shape) * WRITING / max(height, MIN_DIGIT_SIDE))
        ink = find_ink(picture.pixels, trace, side, PAGE_BLUR)
    scale = ink.scale * picture.scale
    inner_box = ink_box(ink.strength)
    box = to_original_box(inner_box, scale, picture.width, picture.height) if inner_box else None
    number_ink = None if mode == "digit" or ink.pieces >= specks.MAX_COMPARED_PIECES else ink
    size = (picture.width, picture.height)
    if not inner_box or not box or max(box.width, box.height) < MIN_INK_SIDE:
        # A number may still be found in the ink with the print.
        return PreparedImage(*size, scale, None, EMPTY_INPUT, ink_likelihood=0.0, doubt=None, ink=number_ink)
    doubt, share = find_doubt(ink, box), stroke_share(ink)
    if share < (MIN_STROKE_SHARE_CUT_OFF if doubt == "cut_off" else MIN_STROKE_SHARE):
        # These are the edges of things and shadows.
        return PreparedImage(*size, scale, None, EMPTY_INPUT, ink_likelihood=0.0, doubt=None, ink=None)
    digit = normalise(crop_to(ink.strength, inner_box))
    trace("input", digit)
    likelihood = 0.0 if ink.pieces > MAX_DIGIT_PIECES else share if share < MIN_STROKE_SHARE else 1.0
    return PreparedImage(*size, scale, box, digit, likelihood, doubt, number_ink)


def prepare_or_error(data: bytes, mode: Mode) -> PreparedImage | PictureError:
    try:
        return prepare_image(decode(data), mode)
    except PictureError as error:
        return error


Prepared = TypeVar("Prepared", bound=PreparedImage | PictureError)


def split_in_batches(images: Iterable[Prepared]) -> Iterator[list[Prepared]]:
    """Yield batches of up to BATCH_IMAGES. Large pictures make smaller batches, because their ink waits in memory."""
    batch: list[Prepared] = []
    size = 0
    for image in images:
        batch.append(image)
        size += image.ink.strength.size if isinstance(image, PreparedImage) and image.ink is not None else 0
        if len(batch) == BATCH_IMAGES or size > BATCH_PIXELS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def is_narrow_piece(image: PreparedImage) -> bool:
    """Return whether all ink is one connected piece that is not wide, as in most pictures of one digit."""
    if image.ink is None or image.box is None or image.box.width > 1.1 * image.box.height:
        return False
    return image.ink.pieces == 1


def find_doubt(ink: Ink, box: Box) -> Reason | None:
    """Return the reason why this ink may be hard to read, or None."""
    if max(box.width, box.height) < MIN_DIGIT_SIDE:
        return "too_small"
    if ink.contrast < MIN_CONTRAST:
        return "low_contrast"
    edges = (ink.strength[0], ink.strength[-1], ink.strength[:, 0], ink.strength[:, -1])
    return "cut_off" if any(float(edge.max()) > 0.5 for edge in edges) else None
