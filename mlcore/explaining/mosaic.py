"""All channels of one layer in one picture: in reading order, on one colour scale, crisp."""

import math
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mlcore.explaining.colours import colour_table

SCALE = 2  # picture pixels a cell
GAP = 1  # cells between tiles
COLUMNS = {32: 8, 64: 8}  # 4×8 and 8×8, as these layers are usually shown


@dataclass(frozen=True, slots=True)
class Mosaic:
    png: bytes
    columns: int
    rows: int
    low: float  # the activation at the dark end of the scale
    high: float


def columns_for(channels: int) -> int:
    return COLUMNS.get(channels) or math.ceil(math.sqrt(channels))


def draw_mosaic(activation: NDArray[np.float32]) -> Mosaic:
    """(h, w, channels), any range → channel k stands in row k // columns, column k % columns."""
    height, width, channels = activation.shape
    columns = columns_for(channels)
    rows = math.ceil(channels / columns)
    low, high = float(activation.min()), float(activation.max())
    # One scale for the whole layer: a scale per tile would make noise look like signal.
    levels = np.rint((activation - low) * (255 / (high - low) if high > low else 0.0)).astype(np.uint8)
    tiles = np.zeros((rows * columns, height + GAP, width + GAP), np.uint8)
    tiles[:channels, :height, :width] = levels.transpose(2, 0, 1)
    sheet = tiles.reshape(rows, columns, height + GAP, width + GAP).transpose(0, 2, 1, 3)
    sheet = sheet.reshape(rows * (height + GAP), columns * (width + GAP))[:-GAP, :-GAP]  # (H, W) 0..255
    picture = Image.fromarray(sheet.repeat(SCALE, axis=0).repeat(SCALE, axis=1)).convert("P")
    picture.putpalette(colour_table().tobytes())
    buffer = BytesIO()
    picture.save(buffer, "PNG", compress_level=6)
    return Mosaic(buffer.getvalue(), columns, rows, low, high)
