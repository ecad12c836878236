"""What the reader cuts out of generated numbers: digits, and the signs and letters that stand among them."""

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.reading.engine import NOT_A_DIGIT
from mlcore.reading.ink import Ink
from mlcore.reading.layout import Box, Region, standing_apart, tall_pieces, whole
from mlcore.reading.normalise import cut, normalise
from mlcore.reading.segment import LOOSE, STIFF, Cutter, cut_cells
from mlcore.reading.strip import STEP, Strip, cut_strip
from mlcore.training.datasets.lines import Writers, written_sheets
from mlcore.training.datasets.resemblance import correlation
from mlcore.training.synthesis.lines import Line
from mlcore.training.synthesis.sheets import Margins

ALIKE = 0.75  # correlation with what was written, below which a cut, a frame or a shadow made something else of it

Made = tuple[NDArray[np.uint8], int]  # (28, 28), label


def cut_out(rng: np.random.Generator, writers: Writers) -> Iterator[Made]:
    """Line after line, without end."""
    for line, ink, margins in written_sheets(rng, writers):
        written = as_found(line, ink, margins)
        for region in whole(ink.strength):
            yield from _digits(written, region, float(rng.choice([LOOSE, STIFF])))
            yield from _strangers(written, region)


def as_found(line: Line, ink: Ink, margins: Margins) -> Line:
    """The line where it lies in the reader's ink, and as large."""
    top, _, _, left = (round(margin * ink.scale) for margin in margins)
    boxes = [[round(side * ink.scale) for side in box] for box in line.boxes]
    size = (max(1, round(line.ink.shape[1] * ink.scale)), max(1, round(line.ink.shape[0] * ink.scale)))
    canvas = np.zeros((top + size[1], left + size[0]), np.float32)
    canvas[top:, left:] = cv2.resize(line.ink, size, interpolation=cv2.INTER_AREA)
    return replace(line, ink=canvas, boxes=tuple((left + x, top + y, w, h) for x, y, w, h in boxes))


def _digits(line: Line, region: Region, stiffness: float) -> Iterator[Made]:
    strip = cut_strip(region.strength, region.box)
    steps = _steps(line.boxes, strip) if strip else ()
    if strip and steps:
        parts = Cutter(region, strip).cut(steps, stiffness)
        for part, box, character in zip(parts, line.boxes, line.text, strict=True):
            if part and _shows(part.input, line, box):
                yield part.input, int(character)


def _steps(boxes: tuple[Box, ...], strip: Strip) -> tuple[int, ...]:
    """Where in the strip the middle of each digit lies; none where two share a place."""
    x, y, width, height = np.array(boxes).reshape(-1, 4).T
    columns, _ = strip.places(x + width // 2, y + height // 2)
    steps = columns // STEP
    return tuple(steps.tolist()) if (np.diff(steps) > 0).all() else ()


def _strangers(line: Line, region: Region) -> Iterator[Made]:
    """Signs and letters that stand by themselves."""
    taken = [(x, x + width) for x, _, width, _ in line.boxes]
    for box in standing_apart(tall_pieces(region), region.box[3]):
        x, _, width, _ = box
        if all(x >= end or x + width <= start for start, end in taken):
            for part in cut_cells(replace(region, cells=(box,))):
                if _shows(part.input, line, box):  # a printed border is no sign, and looks like a 1
                    yield part.input, NOT_A_DIGIT


def _shows(image: NDArray[np.uint8], line: Line, box: Box) -> bool:
    return correlation(image, normalise(cut(line.ink, box))) >= ALIKE
