"""What one cell of a channel is made of: exact shares of the channels before it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcore.explaining.geometry import Step


@dataclass(frozen=True, slots=True)
class Contributions:
    """The shares and the bias add up to what goes into the activation."""

    shares: NDArray[np.float32]  # (channels before,)
    bias: float

    @property
    def total(self) -> float:
        return float(self.shares.sum()) + self.bias

    def largest_first(self) -> list[int]:
        """Channels before, by the size of what they give or take."""
        return [int(k) for k in np.argsort(-np.abs(self.shares), kind="stable")]


def contributions(
    step: Step,
    before: NDArray[np.float32],  # (h, w, channels before)
    kernel: NDArray[np.float32],  # (rows, columns, channels before): of this channel alone
    bias: float,
    row: int,
    column: int,
) -> Contributions:
    """Of a convolution's cell."""
    seen = cells_in_window(step, before, row, column)
    shares = np.einsum("ijk,ijk->k", seen, kernel, dtype=np.float64).astype(np.float32)
    return Contributions(shares, bias)


def cells_in_window(step: Step, before: NDArray[np.float32], row: int, column: int) -> NDArray[np.float32]:
    """(h, w, channels) → (rows, columns, channels); beyond the edge is 0."""
    window = step.window(row, column)
    height, width, channels = before.shape
    seen = np.zeros((window.height, window.width, channels), np.float32)
    top, left = max(window.top, 0), max(window.left, 0)
    bottom, right = min(window.bottom, height), min(window.right, width)
    seen[top - window.top : bottom - window.top, left - window.left : right - window.left] = before[
        top:bottom, left:right
    ]
    return seen
