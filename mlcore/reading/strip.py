"""The strip of ink that the line network reads: one line of writing, level and upright, 32 pixels high."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Strength = NDArray[np.float32]  # (H, W), 0 is paper, 1 is full ink
Box = tuple[int, int, int, int]  # x, y, width, height

HEIGHT = 32
WRITING = 24  # px of a strip that the writing fills; the rest is air for strokes that stick out
WIDER = 1.25  # strips are stretched: narrow digits that touch get more steps of the network
AIR = 4  # px left and right of the ink
ENOUGH_ROWS = 256  # of a crop: a taller one is made smaller first
STEP = 4  # px of a strip for one step of the line network
LONGEST = 640  # px: a longer strip is no number
SLANTS = np.arange(-3, 11) / 10  # to the right from bottom to top


@dataclass(frozen=True, slots=True)
class Strip:
    """`image` shows the ink inside a box, made level and upright; the rest says how to come back."""

    image: NDArray[np.uint8]  # (32, W), ink is 255
    scale: float  # rows of the strip for one px of the ink
    x: float  # in ink px: where the strip's left edge lies, in its middle row
    y: float  # in ink px: where its upper edge lies at x
    slope: float  # how far the line sinks per px to the right, in ink px
    slant: float  # how far the writing leans to the right, per px of height

    def places(self, xs: NDArray[np.intp], ys: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Columns and rows of the strip that show these pixels of the ink; what lies outside, the nearest inside."""
        rows = (ys - self.y - self.slope * (xs - self.x)) * self.scale
        columns = ((xs - self.x) * self.scale + self.slant * (rows - HEIGHT / 2)) * WIDER
        return (
            np.clip(np.rint(columns), 0, self.image.shape[1] - 1).astype(np.intp),
            np.clip(np.rint(rows), 0, HEIGHT - 1).astype(np.intp),
        )


def cut_strip(strength: Strength, box: Box) -> Strip | None:
    """`box` in ink px holds the line; None where there is too little ink."""
    x, y, width, height = box
    block = max(1, height // ENOUGH_ROWS)
    crop = shrunk(strength[y : y + height, x : x + width], block)
    unruled = without_rules(crop)
    slope = slope_of(unruled)
    level = shear(crop, slope)
    top, bottom = rows_of_writing(level, without_rules(level) if slope else unruled)
    if bottom <= top:
        return None
    scale = WRITING / max(bottom - top, 2)  # rows of the strip for one row of `level`
    above = (top + bottom) / 2 - HEIGHT / 2 / scale  # in rows of `level`
    slant = slant_of(_drawn(level, scale, above, 0.0))
    left = x - AIR * block / scale / WIDER
    edge = y + above * block + slope * (left - x - width / 2)
    return Strip(_drawn(level, scale, above, slant), scale / block, left, edge, slope, slant)


def shrunk(crop: Strength, block: int) -> Strength:
    """Return the crop with blocks of pixels averaged: a strip shows it in 32 rows."""
    if block == 1:
        return crop
    size = (max(1, crop.shape[1] // block), max(1, crop.shape[0] // block))
    return np.asarray(cv2.resize(crop[: size[1] * block, : size[0] * block], size, interpolation=cv2.INTER_AREA))


def stack_strips(strips: Sequence[NDArray[np.uint8]], multiple: int = 32) -> NDArray[np.float32]:
    """(N, 32, W, 1) 0..1, empty on the right of the shorter ones; W is a multiple of `multiple`."""
    width = multiple * math.ceil(max(strip.shape[1] for strip in strips) / multiple)
    batch = np.zeros((len(strips), HEIGHT, width, 1), np.float32)
    for row, strip in zip(batch, strips, strict=True):
        row[:, : strip.shape[1], 0] = strip
    batch /= 255
    return batch


def slope_of(crop: Strength) -> float:
    """Of the line through the ink, where it is long enough to have one."""
    height, width = crop.shape
    if width < 2 * height:
        return 0.0
    columns = crop.sum(axis=0)  # (W,)
    inked = np.flatnonzero(columns > 0.5)
    if inked.size < 8:
        return 0.0
    middle = (crop[:, inked] * np.arange(height)[:, None]).sum(axis=0) / columns[inked]
    slope = np.polyfit(inked, middle, 1, w=np.sqrt(columns[inked]))[0]
    return float(np.clip(slope, -0.35, 0.35)) if abs(slope) > 0.01 else 0.0


def shear(crop: Strength, slope: float) -> Strength:
    """Lift every column so that the line is level; the middle column stays."""
    if slope == 0:
        return crop
    height, width = crop.shape
    room = int(np.ceil(abs(slope) * width / 2))
    matrix = np.array([[1, 0, 0], [-slope, 1, room + slope * width / 2]])
    lifted = cv2.warpAffine(crop, matrix, (width, height + 2 * room))
    return np.asarray(lifted[room : room + height], np.float32)


def without_rules(crop: Strength) -> Strength:
    """Without what runs straight on for longer than the writing is high."""
    height, width = crop.shape
    window = np.ones((1, min(width, max(3, round(1.2 * height)))), np.uint8)
    return np.asarray(crop - cv2.morphologyEx(crop, cv2.MORPH_OPEN, window), np.float32)


def rows_of_writing(level: Strength, unruled: Strength) -> tuple[int, int]:
    """Where nearly all ink lies: a tail, a speck or a ruled line does not shrink the rest. First, last + 1"""
    rows = unruled.sum(axis=1)
    if rows.sum() < 1:
        rows = level.sum(axis=1)
    if rows.sum() < 1:
        return 0, 0
    share = np.cumsum(rows) / rows.sum()
    top, bottom = np.searchsorted(share, (0.02, 0.98))
    return int(top), int(bottom) + 1


def slant_of(image: NDArray[np.uint8]) -> float:
    """How far the writing leans: upright, its ink gathers in the fewest columns. `image` (32, W)"""
    height, width = image.shape
    if width < 2 * height:  # a digit or two: a 7 would be made a 1
        return 0.0
    room = height  # so that nothing is pushed out
    best, slant = 0.0, 0.0
    for candidate in SLANTS:
        lean = candidate * WIDER
        matrix = np.array([[1, lean, room - lean * height / 2], [0, 1, 0]])
        columns = cv2.warpAffine(image, matrix, (width + 2 * room, height)).sum(axis=0, dtype=np.float64)
        gathered = float((columns**2).sum()) * (1 - 0.03 * abs(candidate))
        if gathered > best:
            best, slant = gathered, float(candidate)
    return 0.9 * slant


def _drawn(level: Strength, scale: float, above: float, slant: float) -> NDArray[np.uint8]:
    """The strip of a level line, (32, W)."""
    # average first: sampling alone would lose thin strokes
    soft = cv2.GaussianBlur(level, (0, 0), 0.45 / scale) if scale < 0.8 else level
    wide = scale * WIDER
    length = int(np.clip(round(level.shape[1] * wide) + 2 * AIR, 16, LONGEST))
    matrix = np.array(
        [[wide, slant * wide, AIR - slant * WIDER * (above * scale + HEIGHT / 2)], [0, scale, -above * scale]]
    )
    image = cv2.warpAffine(soft, matrix, (length, HEIGHT), flags=cv2.INTER_LINEAR)
    return np.asarray(np.rint(np.clip(image, 0, 1) * 255), np.uint8)
