"""The exact contributions of the previous layer's channels to one cell of a channel."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mlcore.explaining.geometry import LayerGeometry

Float = TypeVar("Float", np.float32, np.float64)


@dataclass(frozen=True, slots=True)
class Contributions:
    """The contributions to one cell. Together with the bias they are the input of its activation function."""

    shares: NDArray[np.float32]  # (channels of the previous layer,)
    bias: float

    @property
    def total(self) -> float:
        return float(self.shares.sum()) + self.bias

    def largest_first(self) -> list[int]:
        """Return the channels by the absolute value of their contribution."""
        return [int(k) for k in np.argsort(-np.abs(self.shares), kind="stable")]


def compute_contributions(
    geometry: LayerGeometry,
    before: NDArray[np.float32],  # (h, w, channels of the previous layer)
    kernel: NDArray[np.float32],  # (rows, columns, channels of the previous layer): of this channel alone
    bias: float,
    row: int,
    column: int,
) -> Contributions:
    """Return the contributions to one cell of a convolution."""
    window = cells_in_window(geometry, before, row, column)
    shares = np.einsum("ijk,ijk->k", window, kernel, dtype=np.float64).astype(np.float32)
    return Contributions(shares, bias)


def cells_in_window(geometry: LayerGeometry, before: NDArray[Float], row: int, column: int) -> NDArray[Float]:
    """Return the cells that one cell sees; cells outside the map are 0. (h, w, channels) → (rows, columns, channels)"""
    window = geometry.window(row, column)
    height, width, channels = before.shape
    cells = np.zeros((window.height, window.width, channels), before.dtype)
    top, left = max(window.top, 0), max(window.left, 0)
    bottom, right = min(window.bottom, height), min(window.right, width)
    cells[top - window.top : bottom - window.top, left - window.left : right - window.left] = before[
        top:bottom, left:right
    ]
    return cells
