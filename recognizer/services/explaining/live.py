"""All layers of the network for a drawing that is not finished. They are computed for one answer and never stored."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from mlcore.artifact import Layer
from mlcore.explaining.geometry import strongest_first
from mlcore.explaining.mosaic import MosaicLayout, draw_mosaic
from recognizer.services.explaining.explanations import explainer_of
from recognizer.services.explaining.exploring import Tile
from recognizer.services.reading.predictions import PictureReading

MARKED = 3  # strongest channels of each layer


@dataclass(frozen=True, slots=True)
class LiveLayer:
    """One layer with all its channels, of which the strongest are marked."""

    layer: Layer
    maps: str  # a data URI
    layout: MosaicLayout
    strongest: Sequence[Tile]

    # All are composed here because the template would format each number for the language, which takes 5 ms a preview.
    @property
    def label(self) -> str:
        return _("Layer %(layer)s: %(count)d channels") % {"layer": self.layer.name, "count": self.layer.shape[2]}

    @property
    def view_box(self) -> str:
        return f"0 0 {self.layout.width} {self.layout.height}"

    @property
    def frames(self) -> str:
        """Return the path around the strongest channels."""
        return "".join(f"M{t.x} {t.y}h{t.width}v{t.height}h-{t.width}z" for t in self.strongest)


def preview_layers(answer: PictureReading) -> list[LiveLayer]:
    """Return the layers for the last digit, which is the one being written; none where no digit was found."""
    glyphs = answer.reading.glyphs
    if not glyphs:
        return []
    explainer = explainer_of(answer.model.reader.engine)
    activations = explainer.activations(glyphs[-1].input)
    layers = []
    for layer in explainer.network.layers:
        maps = activations[layer.name]
        mosaic = draw_mosaic(maps, zoom=1)
        strongest = [Tile.in_layout(mosaic.layout, channel) for channel in strongest_first(maps)[:MARKED]]
        png = base64.b64encode(mosaic.png).decode()
        layers.append(LiveLayer(layer, f"data:image/png;base64,{png}", mosaic.layout, strongest))
    return layers
