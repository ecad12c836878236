"""What the answer rests on: parts of the 28×28 are changed, one after the other, and the network is asked again.

A patch with ink is erased; a patch without, inside the digit's box, gets ink. How much an answer loses by that
is how much it rests on the stroke, or on the gap, that was there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

PATCH = 6  # cells: wider than a stroke
STRIDE = 4
BLOT = 3  # cells of ink in the middle of a gap: about a pen's width
INK = 96  # of 255; fainter is the soft edge of a stroke
SIDE = 28

Logits = Callable[[NDArray[np.uint8]], NDArray[np.float32]]  # (N, 28, 28) → (N, classes)


@dataclass(frozen=True, slots=True)
class Patch:
    top: int
    left: int
    gap: bool  # ink was added; otherwise it was erased


@dataclass(frozen=True)
class Occlusion:
    """What every class lost, in log-odds, by each change."""

    patches: tuple[Patch, ...]
    losses: NDArray[np.float32]  # (patches, classes)

    def map(self, digit: int) -> NDArray[np.float32]:
        """(28, 28): the mean loss over the patches that cover a cell; positive speaks for the digit."""
        total, count = np.zeros((2, SIDE, SIDE), np.float32)
        for patch, loss in zip(self.patches, self.losses[:, digit], strict=True):
            area = np.s_[patch.top : patch.top + PATCH, patch.left : patch.left + PATCH]
            total[area] += loss
            count[area] += 1
        return np.divide(total, count, out=total, where=count > 0)

    @cached_property
    def empty(self) -> bool:
        return not self.patches


def occlude(logits: Logits, image: NDArray[np.uint8]) -> Occlusion:
    """(28, 28) uint8, ink is 255."""
    patches = tuple(_patches(image))
    changed = np.stack([image, *(changed_by(patch, image) for patch in patches)])  # (1 + patches, 28, 28)
    odds = log_odds(logits(changed))
    return Occlusion(patches, odds[0] - odds[1:])


def log_odds(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, classes): of each class against all others. Unlike probabilities they do not flatten out at 100 %."""
    rest = np.stack([np.logaddexp.reduce(np.delete(logits, k, axis=1), axis=1) for k in range(logits.shape[1])], axis=1)
    odds: NDArray[np.float32] = logits - rest
    return odds


def changed_by(patch: Patch, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    changed = image.copy()
    if patch.gap:
        inset = (PATCH - BLOT) // 2
        top, left = patch.top + inset, patch.left + inset
        changed[top : top + BLOT, left : left + BLOT] = 255
    else:
        changed[patch.top : patch.top + PATCH, patch.left : patch.left + PATCH] = 0
    return changed


def _patches(image: NDArray[np.uint8]) -> list[Patch]:
    """Those that hold ink or lie within the digit's box: elsewhere there is nothing to lose."""
    strong = image >= INK
    rows, columns = np.flatnonzero(strong.any(axis=1)), np.flatnonzero(strong.any(axis=0))
    if not rows.size:
        return []
    starts = [*range(0, SIDE - PATCH, STRIDE), SIDE - PATCH]
    found = []
    for top in starts:
        for left in starts:
            inside = rows[0] <= top + PATCH // 2 <= rows[-1] and columns[0] <= left + PATCH // 2 <= columns[-1]
            inked = bool(strong[top : top + PATCH, left : left + PATCH].any())
            if inked or inside:
                found.append(Patch(top, left, gap=not inked))
    return found
