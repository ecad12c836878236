"""The strip image that the line network reads: one line of writing, level and upright, 32 pixels high."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.reading.arrays import InkBox, Strength

HEIGHT = 32
WRITING = 24  # px of a strip's height that the writing fills; strokes may stick out into the rest
STRETCH = 1.25  # horizontal stretch: narrow digits that touch get more steps of the network
MARGIN = 4  # px left and right of the ink
MAX_CROP_ROWS = 256  # a taller crop is shrunk first
STEP = 4  # px of a strip for one step of the line network
MAX_WIDTH = 640  # px: a longer strip is cut off
SLANTS = np.arange(-3, 11) / 10  # to the right from bottom to top


@dataclass(frozen=True, slots=True)
class Strip:
    """The image of one line, and its position in the ink."""

    image: NDArray[np.uint8]  # (32, W), ink is 255
    scale: float  # rows of the strip for one px of the ink
    x: float  # in ink px: the strip's left edge, in its middle row
    y: float  # in ink px: the strip's upper edge at x
    slope: float  # how far the line sinks per px to the right, in ink px
    slant: float  # how far the writing leans to the right, per px of height

    def locate(self, xs: NDArray[np.intp], ys: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return the strip's columns and rows that show these pixels of the ink, clipped to the strip."""
        rows = (ys - self.y - self.slope * (xs - self.x)) * self.scale
        columns = ((xs - self.x) * self.scale + self.slant * (rows - HEIGHT / 2)) * STRETCH
        return (
            np.clip(np.rint(columns), 0, self.image.shape[1] - 1).astype(np.intp),
            np.clip(np.rint(rows), 0, HEIGHT - 1).astype(np.intp),
        )


def cut_strip(strength: Strength, box: InkBox) -> Strip | None:
    """Return the strip of the line inside `box`, or None where there is too little ink."""
    x, y, width, height = box
    block = max(1, height // MAX_CROP_ROWS)
    crop = average_crop(strength[y : y + height, x : x + width], block)
    unruled = remove_rulings(crop)
    slope = measure_slope(unruled)
    level = shear(crop, slope)
    top, bottom = find_writing_rows(level, remove_rulings(level) if slope else unruled)
    if bottom <= top:
        return None
    scale = WRITING / max(bottom - top, 2)  # rows of the strip for one row of `level`
    above = (top + bottom) / 2 - HEIGHT / 2 / scale  # in rows of `level`
    slant = measure_slant(_draw_strip(level, scale, above, 0.0))
    left = x - MARGIN * block / scale / STRETCH
    edge = y + above * block + slope * (left - x - width / 2)
    return Strip(_draw_strip(level, scale, above, slant), scale / block, left, edge, slope, slant)


def average_crop(crop: Strength, block: int) -> Strength:
    """Return the crop with blocks of pixels averaged."""
    if block == 1:
        return crop
    size = (max(1, crop.shape[1] // block), max(1, crop.shape[0] // block))
    return np.asarray(cv2.resize(crop[: size[1] * block, : size[0] * block], size, interpolation=cv2.INTER_AREA))


def stack_strips(strips: Sequence[NDArray[np.uint8]], multiple: int = 32) -> NDArray[np.float32]:
    """Return the strips as one batch (N, 32, W, 1) 0..1, padded on the right. W is a multiple of `multiple`."""
    width = multiple * math.ceil(max(strip.shape[1] for strip in strips) / multiple)
    batch = np.zeros((len(strips), HEIGHT, width, 1), np.float32)
    for row, strip in zip(batch, strips, strict=True):
        row[:, : strip.shape[1], 0] = strip
    batch /= 255
    return batch


def measure_slope(crop: Strength) -> float:
    """Return how far the line sinks per pixel to the right; 0 where it is too short to tell."""
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
    """Shift every column so that the line is level; the middle column stays."""
    if slope == 0:
        return crop
    height, width = crop.shape
    margin = int(np.ceil(abs(slope) * width / 2))
    matrix = np.array([[1, 0, 0], [-slope, 1, margin + slope * width / 2]])
    sheared = cv2.warpAffine(crop, matrix, (width, height + 2 * margin))
    return np.asarray(sheared[margin : margin + height], np.float32)


def remove_rulings(crop: Strength) -> Strength:
    """Remove horizontal ink that is longer than the writing is high."""
    height, width = crop.shape
    length = min(width, max(3, round(1.2 * height)))
    outside = np.ones(length // 2 + 1, np.bool_)  # OpenCV lets ink go on beyond the edges
    if longest_run(np.concatenate([outside, crop.any(axis=0), outside])) < length:
        return crop
    window = np.ones((1, length), np.uint8)
    return np.asarray(crop - cv2.morphologyEx(crop, cv2.MORPH_OPEN, window), np.float32)


def longest_run(is_inked: NDArray[np.bool_]) -> int:
    """Return how many neighbouring columns hold ink at most."""
    ends = np.flatnonzero(np.diff(np.concatenate([[False], is_inked, [False]])))
    return int((ends[1::2] - ends[::2]).max(initial=0))


def find_writing_rows(level: Strength, unruled: Strength) -> tuple[int, int]:
    """Return the first and the last row + 1 that hold 96 % of the ink: a tail or a speck must not shrink the rest."""
    rows = unruled.sum(axis=1)
    if rows.sum() < 1:
        rows = level.sum(axis=1)
    if rows.sum() < 1:
        return 0, 0
    share = np.cumsum(rows) / rows.sum()
    top, bottom = np.searchsorted(share, (0.02, 0.98))
    return int(top), int(bottom) + 1


def measure_slant(image: NDArray[np.uint8]) -> float:
    """Return how far the writing leans. Upright writing has its ink in the fewest columns. `image` (32, W)"""
    height, width = image.shape
    if width < 2 * height:  # one or two digits: making a 7 upright would turn it into a 1
        return 0.0
    margin = height  # keeps all ink inside
    best, slant = 0.0, 0.0
    for candidate in SLANTS:
        lean = candidate * STRETCH
        matrix = np.array([[1, lean, margin - lean * height / 2], [0, 1, 0]])
        columns = cv2.warpAffine(image, matrix, (width + 2 * margin, height)).sum(axis=0, dtype=np.float64)
        concentration = float((columns**2).sum()) * (1 - 0.03 * abs(candidate))
        if concentration > best:
            best, slant = concentration, float(candidate)
    return 0.9 * slant


def _draw_strip(level: Strength, scale: float, above: float, slant: float) -> NDArray[np.uint8]:
    """Return the strip of a level line, (32, W)."""
    # Averaged before it is sampled: sampling alone would lose thin strokes.
    soft = cv2.GaussianBlur(level, (0, 0), 0.45 / scale) if scale < 0.8 else level
    wide = scale * STRETCH
    width = int(np.clip(round(level.shape[1] * wide) + 2 * MARGIN, 16, MAX_WIDTH))
    matrix = np.array(
        [[wide, slant * wide, MARGIN - slant * STRETCH * (above * scale + HEIGHT / 2)], [0, scale, -above * scale]]
    )
    image = cv2.warpAffine(soft, matrix, (width, HEIGHT), flags=cv2.INTER_LINEAR)
    return np.asarray(np.rint(np.clip(image, 0, 1) * 255), np.uint8)
