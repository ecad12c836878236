"""What the answer rests on: the 28×28 is changed in one place after the other, and the network is asked again.

Where there is ink it is erased; where there is none, inside the digit's box, a blot is set. How much an answer
loses by that is how much it rests on the stroke, or on the gap, that was there.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcore.explaining.geometry import Window

SIDE = 28
STRIDE = 4  # cells from one change to the next
ERASED = 6  # cells: wider than a stroke
BLOT = 4  # about a pen's width
INK = 96  # of 255; fainter is the soft edge of a stroke

Image = NDArray[np.uint8]  # (28, 28), ink is 255
Logits = Callable[[NDArray[np.uint8]], NDArray[np.float32]]  # (N, 28, 28) → (N, classes)


@dataclass(frozen=True, slots=True)
class Change:
    """A square of the 28×28, filled with ink (a gap is tested) or with paper (a stroke is)."""

    top: int
    left: int
    gap: bool

    @property
    def size(self) -> int:
        return BLOT if self.gap else ERASED

    @property
    def window(self) -> Window:
        return Window(self.top, self.left, self.top + self.size, self.left + self.size)

    @property
    def area(self) -> tuple[slice, slice]:
        return slice(self.top, self.top + self.size), slice(self.left, self.left + self.size)

    def applied_to(self, image: Image) -> Image:
        changed = image.copy()
        changed[self.area] = 255 if self.gap else 0
        return changed


@dataclass(frozen=True)
class Occlusion:
    """What every class lost by each change."""

    changes: tuple[Change, ...]
    logits: NDArray[np.float32]  # (1 + changes, classes): of the image as it is, then changed

    def losses(self, digit: int) -> NDArray[np.float32]:
        """(changes,) in log-odds."""
        odds = log_odds(self.logits, digit)
        return odds[0] - odds[1:]

    def map(self, digit: int) -> NDArray[np.float32]:
        """(28, 28): the mean loss by the changes of a cell; what is positive speaks for the digit."""
        total, weights = np.zeros((2, SIDE, SIDE), np.float32)
        for change, loss in zip(self.changes, self.losses(digit), strict=True):
            total[change.area] += loss * tent(change.size)
            weights[change.area] += tent(change.size)
        return np.divide(total, weights, out=total, where=weights > 0)


def tent(size: int) -> NDArray[np.float32]:
    """(size, size): a change counts most in its middle; all alike would draw the squares and not the digit."""
    slope = np.minimum(np.arange(1, size + 1), np.arange(size, 0, -1))
    return np.outer(slope, slope).astype(np.float32)


def occlude(logits: Logits, image: Image) -> Occlusion:
    changes = tuple(changes_of(image))
    return Occlusion(changes, logits(np.stack([image, *(change.applied_to(image) for change in changes)])))


def log_odds(logits: NDArray[np.float32], digit: int) -> NDArray[np.float32]:
    """(N, classes) → (N,): one class against all others. Unlike its probability it does not flatten out at 100 %."""
    others = np.delete(logits, digit, axis=1)
    odds: NDArray[np.float32] = logits[:, digit] - np.logaddexp.reduce(others, axis=1)
    return odds


def changes_of(image: Image) -> Iterator[Change]:
    """In reading order, strokes first; where there is neither ink nor room between it, nothing can be lost."""
    strong = image >= INK
    rows, columns = np.flatnonzero(strong.any(axis=1)), np.flatnonzero(strong.any(axis=0))
    if not rows.size:
        return
    for change in _grid(gap=False):
        if strong[change.area].any():
            yield change
    for change in _grid(gap=True):
        inside = rows[0] <= change.top + BLOT // 2 <= rows[-1] and columns[0] <= change.left + BLOT // 2 <= columns[-1]
        if inside and not strong[change.area].any():
            yield change


def _grid(*, gap: bool) -> Iterator[Change]:
    last = SIDE - (BLOT if gap else ERASED)
    starts = [*range(0, last, STRIDE), last]
    for top in starts:
        for left in starts:
            yield Change(top, left, gap)
