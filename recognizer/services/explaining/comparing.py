"""The comparison of one layer on one scale: two digits under one version, or one digit under two versions."""

from dataclasses import dataclass

import numpy as np

from mlcore.artifact import Layer
from mlcore.explaining.geometry import strongest_first
from mlcore.explaining.mosaic import MosaicLayout, Scale, scale_of
from recognizer.services.explaining.explanations import ExplainedGlyph, mosaic_layout
from recognizer.services.explaining.exploring import Tile


@dataclass(frozen=True, slots=True)
class Comparison:
    """One layer of two glyphs or versions.

    `pairs` holds the channels, the most different first. It is empty for two versions, whose channels are unrelated;
    then `left` and `right` hold each side's channels, the strongest first.
    """

    layer: Layer
    layout: MosaicLayout
    scale: Scale
    pairs: list[Tile]
    left: list[Tile]
    right: list[Tile]


def common_layers(left: ExplainedGlyph, right: ExplainedGlyph) -> list[Layer]:
    """Return the layers that have the same name and shape in both networks."""
    return [layer for layer in left.layers if layer in right.layers]


def compare(left: ExplainedGlyph, right: ExplainedGlyph, layer: Layer) -> Comparison:
    left_maps, right_maps = left.activations[layer.name], right.activations[layer.name]
    layout = mosaic_layout(layer)

    def tiles(channels: list[int]) -> list[Tile]:
        return [Tile.in_layout(layout, channel) for channel in channels]

    scale = scale_of(left_maps, right_maps)
    if left.version == right.version:
        return Comparison(layer, layout, scale, tiles(strongest_first(np.abs(left_maps - right_maps))), [], [])
    return Comparison(layer, layout, scale, [], tiles(strongest_first(left_maps)), tiles(strongest_first(right_maps)))
