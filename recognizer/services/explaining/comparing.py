"""The comparison of one layer on one scale: two digits under one version, or one digit under two versions."""

from dataclasses import dataclass

import numpy as np

from mlcore.artifact import Layer
from mlcore.explaining.geometry import strongest_first
from mlcore.explaining.mosaic import MosaicLayout, Scale, draw_difference_mosaic, scale_of
from mlcore.explaining.overlay import draw_overlay
from recognizer.problems import Problem
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


@dataclass(frozen=True, slots=True)
class DigitShares:
    """The probability of one digit on both sides."""

    digit: int
    left: float
    right: float
    is_answer: bool  # of one of the sides


def compare_probabilities(left: ExplainedGlyph, right: ExplainedGlyph) -> list[DigitShares]:
    answers = {max(range(10), key=side.probabilities.__getitem__) for side in (left, right)}
    pairs = enumerate(zip(left.probabilities, right.probabilities, strict=True))
    return [DigitShares(digit, one, other, digit in answers) for digit, (one, other) in pairs]


def draw_layer_difference(left: ExplainedGlyph, right: ExplainedGlyph, layer: Layer) -> bytes:
    """Return left minus right of every channel of a layer as a PNG. Both sides have the same version.

    Raise a Problem (not_found) for two versions, whose channels are unrelated.
    """
    if left.version != right.version:
        raise Problem("not_found")
    left_maps, right_maps = left.activations[layer.name], right.activations[layer.name]
    low, high = scale_of(left_maps, right_maps)
    return draw_difference_mosaic(left_maps, right_maps, high - low)


def draw_evidence_difference(left: ExplainedGlyph, right: ExplainedGlyph, digit: int) -> bytes:
    """Return where the left version finds more evidence for a digit than the right one, as an overlay of the picture.

    Raise a Problem (not_found) for two digits, whose inputs are unrelated.
    """
    if left.glyph != right.glyph:
        raise Problem("not_found")
    one, other = left.explainer.evidence(left.image, digit), right.explainer.evidence(right.image, digit)
    limit = max(float(np.abs(one).max()), float(np.abs(other).max()))
    return draw_overlay(one - other, limit)
