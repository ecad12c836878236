"""Two looks at the same layer, on one scale: two digits under one version, or one digit under two."""

from dataclasses import dataclass

import numpy as np

from mlcore.artifact import Layer
from mlcore.explaining.geometry import strongest_first
from mlcore.explaining.mosaic import Scale, Sheet, scale_of
from recognizer.services.explaining.explanations import Look
from recognizer.services.explaining.exploring import Tile


@dataclass(frozen=True, slots=True)
class Comparison:
    layer: Layer
    sheet: Sheet
    scale: Scale
    # Channel by channel, the most different first; empty where two versions' channels have nothing to do with
    # one another.
    pairs: list[Tile]
    left: list[Tile]  # then: each side's own, strongest first
    right: list[Tile]


def common_layers(left: Look, right: Look) -> list[Layer]:
    """Those of one name and shape."""
    return [layer for layer in left.layers if layer in right.layers]


def compare(left: Look, right: Look, layer: Layer) -> Comparison:
    maps, others = left.activations[layer.name], right.activations[layer.name]
    sheet = Sheet(layer.shape)

    def tiles(channels: list[int]) -> list[Tile]:
        return [Tile.on(sheet, channel) for channel in channels]

    scale = scale_of(maps, others)
    if left.version == right.version:
        return Comparison(layer, sheet, scale, tiles(strongest_first(np.abs(maps - others))), [], [])
    return Comparison(layer, sheet, scale, [], tiles(strongest_first(maps)), tiles(strongest_first(others)))
