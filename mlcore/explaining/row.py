"""The network in one row: one tile of every layer."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlcore.explaining.mosaic import levels, paint, scale_of

TILE = 28


def draw_row(activations: Sequence[NDArray[np.float32]], channels: Sequence[int], zoom: int = 1) -> bytes:
    """One channel of each layer, every tile 28×28 and on its own layer's scale → PNG, side by side."""
    tiles = [
        _stretched(levels(maps[..., channel], scale_of(maps)))
        for maps, channel in zip(activations, channels, strict=True)
    ]
    return paint(np.concatenate(tiles, axis=1), zoom)


def _stretched(tile: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(h, w) → (28, 28) without smoothing: every cell stays a square of one colour."""
    rows, columns = (np.arange(TILE) * side // TILE for side in tile.shape)
    return tile[np.ix_(rows, columns)]
