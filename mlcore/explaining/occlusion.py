"""Occlusion maps: the 28×28 input is changed in one place at a time, and the network classifies each changed input.

Ink is erased where there is some; elsewhere inside the digit's box a blot is added. The drop of an answer's score shows
how much the answer depends on the stroke, or on the gap, at that place.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcore.explaining.geometry import Window

SIDE = 28
STRIDE = 4  # cells from one change to the next
ERASER = 6  # cells: side of the erased square, wider than a stroke
BLOT = 4  # cells: side of the added square, about a pen's width
INK = 96  # of 255; fainter ink is the soft edge of a stroke

Image = NDArray[np.uint8]  # (28, 28), ink is 255
Logits = Callable[[NDArray[np.uint8]], NDArray[np.float32]]  # (N, 28, 28) → (N, classes)


@dataclass(frozen=True, slots=True)
class Change:
    """A square of the input that is filled with ink (to test a gap) or with paper (to test a stroke)."""

    top: int
    left: int
    is_gap: bool

    @property
    def size(self) -> int:
        return BLOT if self.is_gap else ERASER

    @property
    def window(self) -> Window:
        return Window(self.top, self.left, self.top + self.size, self.left + self.size)

    @property
    def area(self) -> tuple[slice, slice]:
        return slice(self.top, self.top + self.size), slice(self.left, self.left + self.size)

    def cells_in(self, image: Image) -> NDArray[np.bool_]:
        """Return which cells of the square the change alters: the erased ink, or the filled gap. (size, size)"""
        is_ink: NDArray[np.bool_] = image[self.area] >= INK
        return ~is_ink if self.is_gap else is_ink

    def apply_to(self, image: Image) -> Image:
        changed = image.copy()
        changed[self.area] = 255 if self.is_gap else 0
        return changed


@dataclass(frozen=True)
class Occlusion:
    """The logits of the unchanged input and after each change."""

    image: Image
    changes: tuple[Change, ...]
    logits: NDArray[np.float32]  # (1 + changes, classes): the unchanged input comes first

    def losses(self, digit: int) -> NDArray[np.float32]:
        """Return how much log-odds each change costs the digit, (changes,)."""
        odds = log_odds(self.logits, digit)
        return odds[0] - odds[1:]

    def loss_map(self, digit: int) -> NDArray[np.float32]:
        """Return each cell's mean loss by the changes that alter it, (28, 28). Positive cells support the digit.

        Paper beside an erased stroke stays 0: nothing was changed there.
        """
        total, weights = np.zeros((2, SIDE, SIDE), np.float32)
        for change, loss in zip(self.changes, self.losses(digit), strict=True):
            slope = pyramid(change.size) * change.cells_in(self.image)
            total[change.area] += loss * slope
            weights[change.area] += slope
        return np.divide(total, weights, out=total, where=weights > 0)


def pyramid(size: int) -> NDArray[np.float32]:
    """Return weights that are largest in the middle, (size, size). Equal weights would show the changed squares."""
    slope = np.minimum(np.arange(1, size + 1), np.arange(size, 0, -1))
    return np.outer(slope, slope).astype(np.float32)


def occlude(logits: Logits, image: Image) -> Occlusion:
    """Classify the image after each change."""
    changes = tuple(list_changes(image))
    return Occlusion(image, changes, logits(np.stack([image, *(change.apply_to(image) for change in changes)])))


def log_odds(logits: NDArray[np.float32], digit: int) -> NDArray[np.float32]:
    """Return the log-odds of one class against all others; unlike probabilities they do not saturate near 100 %.

    (N, classes) → (N,)
    """
    others = np.delete(logits, digit, axis=1)
    odds: NDArray[np.float32] = logits[:, digit] - np.logaddexp.reduce(others, axis=1)
    return odds


def list_changes(image: Image) -> Iterator[Change]:
    """Yield the changes in reading order, erased strokes before filled gaps. Places far from all ink are left out."""
    is_ink = image >= INK
    rows, columns = np.flatnonzero(is_ink.any(axis=1)), np.flatnonzero(is_ink.any(axis=0))
    if not rows.size:
        return
    for change in _grid(is_gap=False):
        if is_ink[change.area].any():
            yield change
    for change in _grid(is_gap=True):
        is_inside = (
            rows[0] <= change.top + BLOT // 2 <= rows[-1] and columns[0] <= change.left + BLOT // 2 <= columns[-1]
        )
        if is_inside and not is_ink[change.area].any():
            yield change


def _grid(*, is_gap: bool) -> Iterator[Change]:
    last = SIDE - (BLOT if is_gap else ERASER)
    starts = [*range(0, last, STRIDE), last]
    for top in starts:
        for left in starts:
            yield Change(top, left, is_gap)
