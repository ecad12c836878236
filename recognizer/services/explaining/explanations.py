"""Activations, maps and explanations of a glyph under any model version. They are computed and never stored."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from mlcore.artifact import Layer
from mlcore.explaining.explainer import Activations, Explainer, Explanation, Kind
from mlcore.explaining.geometry import strongest_first
from mlcore.explaining.mosaic import ZOOM, MosaicLayout, Scale, draw_mosaic, scale_of
from mlcore.explaining.occlusion import Image
from mlcore.explaining.overlay import Frame, clear_of, draw_overlay, frame_of
from mlcore.explaining.row import draw_layer_row
from mlcore.reading.engine import Engine
from mlcore.reading.result import Box
from recognizer.models import Glyph, ModelVersion
from recognizer.problems import Problem
from recognizer.services.registry.model_versions import ModelCache, models

MAX_EXPLANATIONS = 32  # kept in memory: a page requests all overlays of one glyph in quick succession
MAX_OUTPUTS = 4  # kept in memory, 0.7 MB each: while the pointer moves, one cell after the other is requested
# Browsers keep maps of evidence for a year. Addresses and ETags contain this number, which is raised whenever the maps
# are computed differently.
EVIDENCE_DRAWN = 2


@dataclass(frozen=True)
class ExplainedGlyph:
    """One glyph with the activations and explanations of one model version."""

    glyph: Glyph
    version: ModelVersion
    explainer: Explainer

    @property
    def is_own_version(self) -> bool:
        """Return whether this version read the glyph."""
        return self.version.pk == self.glyph.prediction.model_id

    @cached_property
    def siblings(self) -> list[Glyph]:
        """Return all digits of the same number, including this one."""
        return list(self.glyph.prediction.glyphs.defer("input"))

    @cached_property
    def image(self) -> Image:
        if not self.glyph.input:
            raise Problem.of_removed_picture()
        return np.frombuffer(bytes(self.glyph.input), np.uint8).reshape(28, 28)

    @cached_property
    def activations(self) -> Activations:
        return self.explainer.activations(self.image)

    @cached_property
    def outputs(self) -> dict[str, NDArray[np.float64]]:
        """Return the outputs of every step of the network in double precision."""
        return _run(self.explainer, self.image.tobytes())

    @cached_property
    def probabilities(self) -> list[float]:
        """Return the probabilities of the ten digits: the stored ones, or another version's."""
        if self.is_own_version:
            return list(self.glyph.probabilities)
        (row,) = self.explainer.engine.classify(self.image[np.newaxis]).probabilities
        return [float(share) for share in row]

    @cached_property
    def is_digit(self) -> float:
        (share,) = self.explainer.engine.classify(self.image[np.newaxis]).is_digit
        return float(share)

    @cached_property
    def frame(self) -> Frame:
        glyph = self.glyph
        return frame_of(self.image, Box(glyph.x, glyph.y, glyph.width, glyph.height))

    @property
    def surroundings(self) -> tuple[float, ...]:
        """Return the part of the original around the glyph, without the digits beside it: x, y, width, height."""
        upload, own = self.glyph.prediction.upload, self.glyph.box
        others = [each.box for each in self.siblings if each.pk != self.glyph.pk]
        return clear_of(self.frame.surroundings(upload.width, upload.height), own, others)

    @property
    def shown_square(self) -> tuple[float, ...]:
        """Return the square that has the surroundings in its middle: x, y, width, height."""
        left, top, width, height = self.surroundings
        side = max(width, height)
        return left - (side - width) / 2, top - (side - height) / 2, side, side

    @property
    def layers(self) -> tuple[Layer, ...]:
        return self.explainer.network.layers

    def layer_named(self, name: str) -> Layer:
        """Return the layer; a Problem (not_found) if the network has none of this name."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise Problem("not_found")

    def scale_of(self, layer: Layer) -> Scale:
        return scale_of(self.activations[layer.name])

    def strongest_channel(self, layer: Layer) -> int:
        return strongest_first(self.activations[layer.name])[0]

    def draw_layer(self, layer: Layer, scale: Scale | None = None, zoom: int = ZOOM) -> bytes:
        """Return the mosaic of a layer as a PNG."""
        return draw_mosaic(self.activations[layer.name], scale, zoom).png

    def draw_row(self) -> bytes:
        """Return the strongest channel of every layer side by side as a PNG."""
        maps = [self.activations[layer.name] for layer in self.layers]
        return draw_layer_row(maps, [self.strongest_channel(layer) for layer in self.layers])

    def draw_overlay(self, kind: str, digit: int) -> bytes:
        """Return one map of the explanation as a PNG; a Problem (not_found) if it has none for this kind and digit."""
        explanation = self.explain()
        known: Kind | None = next((name for name in explanation.maps if name == kind), None)
        if known is None or digit not in explanation.answers:
            raise Problem("not_found")
        values = explanation.maps[known][explanation.answers.index(digit)]
        return draw_overlay(values, explanation.limit(known))

    def explain(self) -> Explanation:
        return _explain(self.explainer, self.image.tobytes(), tuple(self.probabilities), self.is_digit)

    @property
    def etag(self) -> str:
        """Return the ETag prefix of all computed files: neither the glyph nor the version ever changes."""
        return f"{self.glyph.pk.hex}-{self.version.digest[:16]}"


def explain_glyph(glyph: Glyph, version: ModelVersion | None = None) -> ExplainedGlyph:
    """Return the glyph under a version; the version that read it is the default."""
    chosen = version or glyph.prediction.model
    return ExplainedGlyph(glyph, chosen, explainer_of(models.model(chosen).reader.engine))


def mosaic_layout(layer: Layer) -> MosaicLayout:
    return MosaicLayout(layer.shape)


@lru_cache(maxsize=ModelCache.MAX_LOADED)
def explainer_of(engine: Engine) -> Explainer:
    return Explainer(engine)


@lru_cache(maxsize=MAX_OUTPUTS)
def _run(explainer: Explainer, image: bytes) -> dict[str, NDArray[np.float64]]:
    return explainer.outputs(np.frombuffer(image, np.uint8).reshape(28, 28))


@lru_cache(maxsize=MAX_EXPLANATIONS)
def _explain(explainer: Explainer, image: bytes, probabilities: tuple[float, ...], is_digit: float) -> Explanation:
    return explainer.explain(np.frombuffer(image, np.uint8).reshape(28, 28), probabilities, is_digit)
