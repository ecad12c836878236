"""The picture of the whole network in one row: one tile of every layer."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlcore.explaining.mosaic import Scale, encode_levels, scale_of, to_levels

TILE = 28


def draw_layer_row(
    activations: Sequence[NDArray[np.float32]],
    channels: Sequence[int],
    scales: Sequence[Scale] | None = None,
    zoom: int = 1,
) -> bytes:
    """Return a PNG with one channel of each layer side by side, each 28×28.

    A tile is on its own layer's scale unless scales are given, which two rows can share.
    """
    scales = scales or [scale_of(maps) for maps in activations]
    tiles = [
        _enlarge(to_levels(maps[..., channel], scale))
        for maps, channel, scale in zip(activations, channels, scales, strict=True)
    ]
    return encode_levels(np.concatenate(tiles, axis=1), zoom)


def _enlarge(tile: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Resize (h, w) to (28, 28) without smoothing, so that every cell stays a square of one colour."""
    rows, columns = (np.arange(TILE) * side // TILE for side in tile.shape)
    return tile[np.ix_(rows, columns)]
