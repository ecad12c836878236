"""The layers of a drawing that is not finished."""

import base64
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from mlcore.explaining.geometry import strongest_first
from recognizer.figures.drawings import draw_png
from recognizer.services.explaining.explanations import explainer_of
from recognizer.services.explaining.live import preview_layers
from recognizer.services.reading.predictions import read_picture

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def test_every_layer_of_the_last_digit_is_drawn_with_its_strongest_channels(model):
    answer = read_picture(draw_png("17"), "number")
    layers = preview_layers(answer)
    explainer = explainer_of(answer.model.reader.engine)
    activations = explainer.activations(answer.reading.glyphs[-1].input)
    assert len(answer.reading.glyphs) == 2
    assert [live.layer for live in layers] == list(explainer.network.layers)
    for live in layers:
        maps = activations[live.layer.name]
        assert [tile.channel for tile in live.strongest] == strongest_first(maps)[:3]
        levels = np.asarray(Image.open(BytesIO(base64.b64decode(live.maps.split(",")[1]))))
        assert levels.shape == (live.layout.height, live.layout.width)
        best = live.strongest[0]
        tile = levels[best.y : best.y + best.height, best.x : best.x + best.width]
        assert tile.max() == 254  # the bright end of the layer's scale


def test_an_empty_drawing_has_no_layers(model):
    blank = BytesIO()
    Image.new("L", (200, 150), 255).save(blank, "PNG")
    assert preview_layers(read_picture(blank.getvalue(), "auto")) == []
