"""Overlays: maps of the 28×28 input drawn for the original picture."""

from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mlcore.explaining.colours import difference_palette
from mlcore.explaining.geometry import Window
from mlcore.reading.result import Box

SIDE = 28
PIXELS = 8 * SIDE  # side of an overlay: smooth edges at the size of a page
MAX_OPACITY = 0.85  # of the largest value, so that the ink shows through
LEVELS = 127  # of each of the two colours
CLEAR = 128  # the level without colour
FAINT = 26  # of 255: the edge of the ink for `mlcore.reading.layout.normalise`

Rectangle = tuple[float, float, float, float]  # x, y, width, height in the original's pixels


@dataclass(frozen=True, slots=True)
class Frame:
    """The position of the 28×28 input on the original picture, in the original's pixels."""

    left: float
    top: float
    cell: float  # pixels of one cell

    @property
    def side(self) -> float:
        return SIDE * self.cell

    def surroundings(self, width: int, height: int) -> Rectangle:
        """Return the frame with a margin of two cells, clipped to a picture of this size."""
        left, top = max(self.left - 2 * self.cell, 0), max(self.top - 2 * self.cell, 0)
        right = min(self.left + self.side + 2 * self.cell, width)
        bottom = min(self.top + self.side + 2 * self.cell, height)
        return left, top, right - left, bottom - top

    def locate(self, window: Window) -> Rectangle:
        """Return where some cells lie on the original."""
        return (
            self.left + window.left * self.cell,
            self.top + window.top * self.cell,
            window.width * self.cell,
            window.height * self.cell,
        )


def clear_of(area: Rectangle, own: Box, others: Iterable[Box]) -> Rectangle:
    """Return the part of an area around a digit that ends where another digit begins, or another line."""
    left, top, right, bottom = area[0], area[1], area[0] + area[2], area[1] + area[3]
    for other in others:
        if other.y < own.y + own.height and own.y < other.y + other.height:  # beside it
            if other.x + other.width / 2 > own.x + own.width / 2:
                right = min(right, max(other.x, own.x + own.width))
            else:
                left = max(left, min(other.x + other.width, own.x))
        elif other.y > own.y:
            bottom = min(bottom, other.y)
        else:
            top = max(top, other.y + other.height)
    return left, top, right - left, bottom - top


def frame_of(image: NDArray[np.uint8], box: Box) -> Frame:
    """Return the frame of an input (28, 28) whose ink has this box in the original.

    Ink and box have the same centre and the same longer side.
    """
    is_visible = image >= FAINT
    rows, columns = np.flatnonzero(is_visible.any(axis=1)), np.flatnonzero(is_visible.any(axis=0))
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
    """Return values (h, w) as a PNG of PIXELS × PIXELS.

    Positive values have one colour, negative ones the other, 0 is clear. ±limit has the highest opacity.
    """
    smooth = np.asarray(Image.fromarray(values).resize((PIXELS, PIXELS), Image.Resampling.BICUBIC))
    share = np.clip(smooth / limit if limit > 0 else smooth * 0, -1, 1)
    # A palette instead of four channels leaves a quarter of the bytes to compress.
    picture = Image.fromarray((CLEAR + np.rint(LEVELS * share)).astype(np.uint8)).convert("P")
    colours, opacities = difference_palette(CLEAR, LEVELS, MAX_OPACITY)
    picture.putpalette(colours)
    buffer = BytesIO()
    picture.save(buffer, "PNG", compress_level=3, transparency=opacities)
    return buffer.getvalue()
