"""The strip of ink that the line network reads: one line of writing, level, 32 pixels high."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Strength = NDArray[np.float32]  # (H, W), 0 is paper, 1 is full ink

HEIGHT = 32
WRITING = 24  # px of a strip that the writing fills; the rest is air for strokes that stick out
AIR = 4  # px left and right of the ink
LONGEST = 640  # px: a longer strip is no number


@dataclass(frozen=True, slots=True)
class Strip:
    """`image` shows the ink inside a box, made level; the rest says how to come back."""

    image: NDArray[np.uint8]  # (32, W), ink is 255
    scale: float  # px of the strip for one px of the ink
    x: float  # in ink px: where the strip's left edge lies
    y: float  # in ink px: where its upper edge lies at x
    slope: float  # how far the line sinks per px to the right, in ink px

    def places(self, xs: NDArray[np.intp], ys: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Columns and rows of the strip that show these pixels of the ink; rows outside are the nearest inside."""
        columns = np.rint((xs - self.x) * self.scale).astype(np.intp)
        rows = np.rint((ys - self.y - self.slope * (xs - self.x)) * self.scale).astype(np.intp)
        return np.clip(columns, 0, self.image.shape[1] - 1), np.clip(rows, 0, HEIGHT - 1)


def cut_strip(strength: Strength, box: tuple[int, int, int, int]) -> Strip | None:
    """`box` (x, y, width, height) in ink px holds the line; None where there is too little ink."""
    x, y, width, height = box
    crop = strength[y : y + height, x : x + width]
    slope = slope_of(crop)
    level = shear(crop, slope)
    rows = level.sum(axis=1)
    if rows.sum() < 1:
        return None
    top, bottom = _rows_of_writing(rows)
    scale = WRITING / max(bottom - top, 2)
    above = (top + bottom) / 2 - HEIGHT / 2 / scale  # in rows of `level`
    length = int(np.clip(round(level.shape[1] * scale) + 2 * AIR, 16, LONGEST))
    matrix = np.array([[scale, 0, AIR], [0, scale, -above * scale]])
    image = _resample(level, matrix, (length, HEIGHT), scale)
    left = x - AIR / scale
    return Strip(image, scale, left, y + above + slope * (left - x - width / 2), slope)


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


def _rows_of_writing(rows: NDArray[np.float32]) -> tuple[float, float]:
    """Where nearly all ink lies: a tail or a speck does not shrink the rest."""
    share = np.cumsum(rows) / rows.sum()
    top, bottom = np.searchsorted(share, (0.02, 0.98))
    return float(top), float(bottom + 1)


def _resample(level: Strength, matrix: NDArray[np.float64], size: tuple[int, int], scale: float) -> NDArray[np.uint8]:
    # average first: sampling alone would lose thin strokes
    soft = cv2.GaussianBlur(level, (0, 0), 0.45 / scale) if scale < 0.8 else level
    image = cv2.warpAffine(soft, matrix, size, flags=cv2.INTER_LINEAR)
    return np.asarray(np.rint(np.clip(image, 0, 1) * 255), np.uint8)
