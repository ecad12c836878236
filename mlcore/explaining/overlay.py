"""Maps of the 28×28 laid over the original picture: where they lie, and how they look."""

from dataclasses import dataclass
from functools import cache
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mlcore.explaining.colours import evidence_colours
from mlcore.explaining.geometry import Window
from mlcore.reading.result import Box

SIDE = 28
PIXELS = 8 * SIDE  # of an overlay: smooth edges at the size of a page
STRONGEST = 0.85  # opacity of the largest value, so that the ink shows through
LEVELS = 127  # of each of the two colours
NOTHING = 128  # the level that is clear
FAINT = 26  # of 255: what normalising takes for the edge of the ink

Place = tuple[float, float, float, float]  # x, y, width, height in the original's pixels


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the 28×28 lies on the original picture, in the original's pixels."""

    left: float
    top: float
    cell: float  # pixels a cell

    @property
    def side(self) -> float:
        return SIDE * self.cell

    def surroundings(self, width: int, height: int) -> Place:
        """With a margin of two cells, as far as the picture goes: what a page shows of it."""
        left, top = max(self.left - 2 * self.cell, 0), max(self.top - 2 * self.cell, 0)
        right = min(self.left + self.side + 2 * self.cell, width)
        bottom = min(self.top + self.side + 2 * self.cell, height)
        return left, top, right - left, bottom - top

    def place(self, window: Window) -> Place:
        """Of some cells."""
        return (
            self.left + window.left * self.cell,
            self.top + window.top * self.cell,
            window.width * self.cell,
            window.height * self.cell,
        )


def frame_of(image: NDArray[np.uint8], box: Box) -> Frame:
    """From the ink in the (28, 28) and its box in the original: both have one middle, and one longest side."""
    seen = image >= FAINT
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    if not rows.size:
        return Frame(box.x, box.y, max(box.width, box.height) / SIDE)
    top, bottom, left, right = (int(i) for i in (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1))
    cell = max(box.width, box.height) / max(bottom - top, right - left)
    return Frame(
        box.x + box.width / 2 - cell * (left + right) / 2,
        box.y + box.height / 2 - cell * (top + bottom) / 2,
        cell,
    )


def draw_overlay(values: NDArray[np.float32], limit: float) -> bytes:
    """(h, w) → PNG of PIXELS × PIXELS: one colour speaks for, the other against, 0 is clear; ±limit is strongest."""
    smooth = np.asarray(Image.fromarray(values).resize((PIXELS, PIXELS), Image.Resampling.BICUBIC))
    share = np.clip(smooth / limit if limit > 0 else smooth * 0, -1, 1)
    # A palette, and not four channels: a quarter of the bytes to compress.
    picture = Image.fromarray((NOTHING + np.rint(LEVELS * share)).astype(np.uint8)).convert("P")
    colours, opacities = _palette()
    picture.putpalette(colours)
    buffer = BytesIO()
    picture.save(buffer, "PNG", compress_level=3, transparency=opacities)
    return buffer.getvalue()


@cache
def _palette() -> tuple[bytes, bytes]:
    """Colours (256 × 3) and opacities (256) of the levels: against below NOTHING, for above it."""
    share = (np.arange(256) - NOTHING) / LEVELS
    opacities = np.rint(255 * STRONGEST * np.minimum(np.abs(share), 1)).astype(np.uint8)
    return evidence_colours()[(share < 0).astype(np.intp)].tobytes(), opacities.tobytes()
