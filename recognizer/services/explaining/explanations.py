"""What is shown of a glyph and never stored: maps, contributions and reasons, from its 28×28 and a model version."""

import base64
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from mlcore.artifact import Layer
from mlcore.explaining.explainer import Activations, Explainer, Why
from mlcore.explaining.mosaic import Sheet, draw_mosaic
from mlcore.explaining.occlusion import Image
from mlcore.explaining.overlay import Frame, frame_of
from mlcore.reading.engine import Engine
from mlcore.reading.result import Box
from recognizer.models import Glyph, ModelVersion
from recognizer.problems import Problem
from recognizer.services.reading.predictions import PictureReading
from recognizer.services.registry.model_versions import ModelCache, models

REASONS_KEPT = 32  # the overlays of one page are asked for right after one another


@dataclass(frozen=True)
class Look:
    """One glyph as one model version sees it."""

    glyph: Glyph
    version: ModelVersion
    explainer: Explainer

    @property
    def own(self) -> bool:
        """Whether it is the version that gave the answer."""
        return self.version.pk == self.glyph.prediction.model_id

    @cached_property
    def siblings(self) -> list[Glyph]:
        """The digits of the number it belongs to, itself among them."""
        return list(self.glyph.prediction.glyphs.defer("input"))

    @cached_property
    def image(self) -> Image:
        return np.frombuffer(bytes(self.glyph.input), np.uint8).reshape(28, 28)

    @cached_property
    def activations(self) -> Activations:
        return self.explainer.activations(self.image)

    @cached_property
    def probabilities(self) -> list[float]:
        """Of the ten digits: as recorded, or as another version gives them now."""
        if self.own:
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
    def view(self) -> tuple[float, ...]:
        """x, y, width, height of the original's part round the glyph."""
        upload = self.glyph.prediction.upload
        return self.frame.surroundings(upload.width, upload.height)

    @property
    def layers(self) -> tuple[Layer, ...]:
        return self.explainer.network.layers

    def layer_named(self, name: str) -> Layer:
        """Return the layer; a Problem (not_found) if the network has none of this name."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise Problem("not_found")

    def why(self) -> Why:
        return _why(self.explainer, self.image.tobytes(), tuple(self.probabilities), self.is_digit)

    @property
    def etag(self) -> str:
        """Of whatever is computed of it: neither the glyph nor the version ever changes."""
        return f"{self.glyph.pk.hex}-{self.version.digest[:16]}"


def look_at(glyph: Glyph, version: ModelVersion | None = None) -> Look:
    chosen = version or glyph.prediction.model
    return Look(glyph, chosen, explainer_of(models.model(chosen).reader.engine))


@lru_cache(maxsize=ModelCache.MAX_LOADED)
def explainer_of(engine: Engine) -> Explainer:
    return Explainer(engine)


@lru_cache(maxsize=REASONS_KEPT)
def _why(explainer: Explainer, image: bytes, probabilities: tuple[float, ...], is_digit: float) -> Why:
    return explainer.why(np.frombuffer(image, np.uint8).reshape(28, 28), probabilities, is_digit)


@dataclass(frozen=True, slots=True)
class Live:
    """What the pad shows while the pen moves; nothing of it is kept."""

    layer: Layer  # the first one
    maps: str  # a data URI
    sheet: Sheet


def live(answer: PictureReading) -> Live | None:
    """Of the first glyph; None where nothing was found."""
    if not answer.reading.glyphs:
        return None
    explainer = explainer_of(answer.model.reader.engine)
    layer = explainer.network.layers[0]
    mosaic = draw_mosaic(explainer.activations(answer.reading.glyphs[0].input)[layer.name], zoom=1)
    return Live(layer, f"data:image/png;base64,{base64.b64encode(mosaic.png).decode()}", mosaic.sheet)
