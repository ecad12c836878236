"""Everything that can be shown of one digit, as files: for the command line, and for documents."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from mlcore.explaining.explainer import Activations, Explainer, Why
from mlcore.explaining.geometry import peak, receptive_field, strongest_first
from mlcore.explaining.mosaic import draw_mosaic
from mlcore.explaining.overlay import Frame, Place, draw_overlay, frame_of
from mlcore.explaining.row import draw_row
from mlcore.reading.decode import Picture
from mlcore.reading.result import Glyph

SIDE = 448  # pixels of a picture with something laid over it
FADED = 0.55  # how much of the picture stays, as on the pages
MARK = (255, 61, 127)


def write_album(folder: Path, picture: Picture, glyph: Glyph, explainer: Explainer) -> Why:
    """The 28×28, the network in a row, all maps, what speaks for and against, and everything in numbers as JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    activations = explainer.activations(glyph.input)
    names = [layer.name for layer in explainer.network.layers]
    maps = [activations[name] for name in names]
    _save(folder / "input.png", Image.fromarray(glyph.input).resize((224, 224), Image.Resampling.NEAREST))
    strongest = [strongest_first(each)[0] for each in maps]
    (folder / "row.png").write_bytes(draw_row(maps, strongest, zoom=4))
    for name in names:
        (folder / f"{name}.png").write_bytes(draw_mosaic(activations[name]).png)
    scores = explainer.engine.classify(glyph.input[np.newaxis])
    why = explainer.why(glyph.input, glyph.probabilities, float(scores.is_digit[0]))
    frame = frame_of(glyph.input, glyph.box)
    _write_overlays(folder, picture, frame, why)
    for position, (name, channel) in enumerate(zip(names, strongest, strict=True)):
        cell = peak(activations[name][..., channel])
        seen = frame.place(receptive_field(explainer.steps[: position + 1], *cell))
        _save(folder / f"{name}-sees.jpg", laid_over(picture, frame, None, seen))
    about = {"digit": glyph.digit, "sentence": why.sentence(), "layers": _layers(explainer, activations, frame)}
    (folder / "explanation.json").write_text(json.dumps(about, indent=1) + "\n")
    return why


def _write_overlays(folder: Path, picture: Picture, frame: Frame, why: Why) -> None:
    mark = frame.place(why.turn.change.window) if why.turn else None
    for kind, maps in why.maps.items():
        for digit, values in zip(why.answers, maps, strict=True):
            marked = mark if kind == "occlusion" else None
            over = Image.open(BytesIO(draw_overlay(values, why.limit(kind)))).convert("RGBA")
            _save(folder / f"{kind}-{digit}.jpg", laid_over(picture, frame, over, marked))


def laid_over(picture: Picture, frame: Frame, over: Image.Image | None, mark: Place | None) -> Image.Image:
    """The faded picture round the frame, with a map over it and a place marked."""
    faded = Image.fromarray(picture.pixels).convert("L").point(lambda level: 255 - FADED * (255 - level))
    sheet = faded.convert("RGBA")
    left, top, width, height = frame.surroundings(picture.width, picture.height)
    zoom = SIDE / max(width, height)  # from the original's pixels
    scale = picture.scale
    box = (left * scale, top * scale, (left + width) * scale, (top + height) * scale)
    sheet = sheet.resize((round(width * zoom), round(height * zoom)), Image.Resampling.BICUBIC, box=box)
    if over:
        side, layer = round(frame.side * zoom), Image.new("RGBA", sheet.size)
        layer.paste(over.resize((side, side)), (round((frame.left - left) * zoom), round((frame.top - top) * zoom)))
        sheet.alpha_composite(layer)
    if mark:
        x, y, wide, high = ((mark[0] - left) * zoom, (mark[1] - top) * zoom, mark[2] * zoom, mark[3] * zoom)
        ImageDraw.Draw(sheet).rectangle((x, y, x + wide, y + high), outline=MARK, width=3)
    return sheet.convert("RGB")


def _layers(explainer: Explainer, activations: Activations, frame: Frame) -> list[dict[str, Any]]:
    """Of every channel: its strongest response, where that is, and what of the picture it comes from."""
    found = []
    for position, layer in enumerate(explainer.network.layers):
        maps, channels = activations[layer.name], []
        for channel in strongest_first(maps):
            cell = peak(maps[..., channel])
            field = frame.place(receptive_field(explainer.steps[: position + 1], *cell))
            response = round(float(maps[(*cell, channel)]), 4)
            channels.append(
                {"channel": channel, "response": response, "cell": cell, "sees": [round(length, 1) for length in field]}
            )
        found.append({"name": layer.name, "kind": layer.kind, "shape": layer.shape, "strongest_first": channels})
    return found


def _save(path: Path, picture: Image.Image) -> None:
    picture.save(path, optimize=True, quality=90)
