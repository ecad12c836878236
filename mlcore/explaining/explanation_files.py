"""The files of an explanation: all that can be shown of one digit, for the command line and for documents."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from mlcore.explaining.explainer import Activations, Explainer, Explanation
from mlcore.explaining.geometry import find_peak, receptive_field, strongest_first
from mlcore.explaining.mosaic import draw_mosaic
from mlcore.explaining.overlay import Frame, Rectangle, draw_overlay, frame_of
from mlcore.explaining.row import draw_layer_row
from mlcore.reading.files.decode import Picture
from mlcore.reading.result import Glyph

SIDE = 448  # pixels of a picture with an overlay
PICTURE_CONTRAST = 0.45  # of the picture under an overlay, as on the pages
MARK = (255, 61, 127)


def write_explanation_files(folder: Path, picture: Picture, glyph: Glyph, explainer: Explainer) -> Explanation:
    """Write the input, a tile of each layer in a row, all maps, the overlays, and all numbers as JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    activations = explainer.activations(glyph.input)
    names = [layer.name for layer in explainer.network.layers]
    maps = [activations[name] for name in names]
    _save(folder / "input.png", Image.fromarray(glyph.input).resize((224, 224), Image.Resampling.NEAREST))
    strongest = [strongest_first(each)[0] for each in maps]
    (folder / "row.png").write_bytes(draw_layer_row(maps, strongest, zoom=4))
    for name in names:
        (folder / f"{name}.png").write_bytes(draw_mosaic(activations[name]).png)
    scores = explainer.engine.classify(glyph.input[np.newaxis])
    explanation = explainer.explain(glyph.input, glyph.probabilities, float(scores.is_digit[0]))
    frame = frame_of(glyph.input, glyph.box)
    _write_overlays(folder, picture, frame, explanation)
    for position, (name, channel) in enumerate(zip(names, strongest, strict=True)):
        cell = find_peak(activations[name][..., channel])
        field = frame.locate(receptive_field(explainer.geometries[: position + 1], *cell))
        _save(folder / f"{name}-sees.jpg", compose(picture, frame, None, field))
    about = {
        "digit": glyph.digit,
        "sentence": explanation.sentence(),
        "layers": _describe_layers(explainer, activations, frame),
    }
    (folder / "explanation.json").write_text(json.dumps(about, indent=1) + "\n")
    return explanation


def _write_overlays(folder: Path, picture: Picture, frame: Frame, explanation: Explanation) -> None:
    key_change = explanation.key_change
    mark = frame.locate(key_change.change.window) if key_change else None
    for kind, maps in explanation.maps.items():
        for digit, values in zip(explanation.answers, maps, strict=True):
            overlay = Image.open(BytesIO(draw_overlay(values, explanation.limit(kind)))).convert("RGBA")
            _save(
                folder / f"{kind}-{digit}.jpg", compose(picture, frame, overlay, mark if kind == "occlusion" else None)
            )


def compose(picture: Picture, frame: Frame, overlay: Image.Image | None, mark: Rectangle | None) -> Image.Image:
    """Return the faded picture around the frame with an overlay and a marked rectangle."""
    faded = Image.fromarray(picture.pixels).convert("L").point(lambda level: 255 - PICTURE_CONTRAST * (255 - level))
    canvas = faded.convert("RGBA")
    left, top, width, height = frame.surroundings(picture.width, picture.height)
    zoom = SIDE / max(width, height)  # from the original's pixels
    scale = picture.scale
    box = (left * scale, top * scale, (left + width) * scale, (top + height) * scale)
    canvas = canvas.resize((round(width * zoom), round(height * zoom)), Image.Resampling.BICUBIC, box=box)
    if overlay:
        side, plane = round(frame.side * zoom), Image.new("RGBA", canvas.size)
        corner = (round((frame.left - left) * zoom), round((frame.top - top) * zoom))
        plane.paste(overlay.resize((side, side)), corner)
        canvas.alpha_composite(plane)
    if mark:
        x, y, mark_width, mark_height = (
            (mark[0] - left) * zoom,
            (mark[1] - top) * zoom,
            mark[2] * zoom,
            mark[3] * zoom,
        )
        ImageDraw.Draw(canvas).rectangle((x, y, x + mark_width, y + mark_height), outline=MARK, width=3)
    return canvas.convert("RGB")


def _describe_layers(explainer: Explainer, activations: Activations, frame: Frame) -> list[dict[str, Any]]:
    """Return for every channel its strongest response, the cell, and the part of the picture that the cell sees."""
    layers = []
    for position, layer in enumerate(explainer.network.layers):
        maps, channels = activations[layer.name], []
        for channel in strongest_first(maps):
            cell = find_peak(maps[..., channel])
            field = frame.locate(receptive_field(explainer.geometries[: position + 1], *cell))
            response = round(float(maps[(*cell, channel)]), 4)
            channels.append(
                {"channel": channel, "response": response, "cell": cell, "sees": [round(length, 1) for length in field]}
            )
        layers.append({"name": layer.name, "kind": layer.kind, "shape": layer.shape, "strongest_first": channels})
    return layers


def _save(path: Path, picture: Image.Image) -> None:
    picture.save(path, optimize=True, quality=90)
