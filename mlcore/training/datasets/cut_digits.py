"""Digits that the reader cuts out of synthetic numbers, and the signs and letters between them as negatives."""

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.reading.arrays import InkBox
from mlcore.reading.budget import WorkBudget
from mlcore.reading.engine import NOT_A_DIGIT
from mlcore.reading.ink.extraction import Ink
from mlcore.reading.layout.normalise import crop_to, normalise
from mlcore.reading.layout.regions import Region, all_ink_region, separate_digits, tall_pieces
from mlcore.reading.layout.segment import LOOSE, STIFF, DigitCutter, crop_box
from mlcore.reading.layout.strip import STEP, Strip, cut_strip
from mlcore.training.datasets.lines import Writers, render_line_sheets
from mlcore.training.synthesis.lines import TextLine
from mlcore.training.synthesis.sheets import Margins

MIN_CORRELATION = 0.75  # with the written digit; below it a cut, a frame or a shadow has changed the digit too much

LabelledImage = tuple[NDArray[np.uint8], int]  # (28, 28), label


def cut_digits(rng: np.random.Generator, writers: Writers) -> Iterator[LabelledImage]:
    """Yield images from one line after another, without end."""
    for line, ink, margins in render_line_sheets(rng, writers):
        written = place_in_ink(line, ink, margins)
        for region in all_ink_region(ink.strength):
            yield from _cut_at_labels(written, region, float(rng.choice([LOOSE, STIFF])))
            yield from _cut_negatives(written, region)


def place_in_ink(line: TextLine, ink: Ink, margins: Margins) -> TextLine:
    """Return the written line scaled and moved to where it lies in the ink that the reader found."""
    top, _, _, left = (round(margin * ink.scale) for margin in margins)
    size = (max(1, round(line.ink.shape[1] * ink.scale)), max(1, round(line.ink.shape[0] * ink.scale)))
    canvas = np.zeros((top + size[1], left + size[0]), np.float32)
    canvas[top:, left:] = cv2.resize(line.ink, size, interpolation=cv2.INTER_AREA)

    def move(box: InkBox) -> InkBox:
        x, y, width, height = (round(side * ink.scale) for side in box)
        return left + x, top + y, width, height

    signs = tuple(replace(sign, box=move(sign.box)) for sign in line.signs)
    return replace(line, ink=canvas, boxes=tuple(map(move, line.boxes)), signs=signs)


def correlation(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Return the correlation, -1..1, of two frames (28, 28).

    Both are blurred a little first, so that a stroke half a pixel aside makes no difference.
    """
    a, b = (cv2.GaussianBlur(image, (5, 5), 0).astype(np.float32) - image.mean() for image in (a, b))
    return float((a * b).sum() / max(np.sqrt((a * a).sum() * (b * b).sum()), 1e-6))


def _cut_at_labels(line: TextLine, region: Region, stiffness: float) -> Iterator[LabelledImage]:
    """Yield the digits that the reader's cutter finds when it is told where digits and signs are."""
    strip = cut_strip(region.strength, region.box)
    boxes, signs = _boxes_in_order(line)
    steps = _steps_of(boxes, strip) if strip else ()
    if strip and steps:
        parts = DigitCutter(region, strip).cut(steps, stiffness, signs)
        for part, box, character in zip(parts, line.boxes, line.text, strict=True):
            if part and _shows(part.input, line, box):
                yield part.input, int(character)


def _boxes_in_order(line: TextLine) -> tuple[tuple[InkBox, ...], frozenset[int]]:
    """Return the boxes of digits and signs as they were written, and which of them are signs."""
    boxes = list(line.boxes)
    places = [sign.before_glyph + number for number, sign in enumerate(line.signs)]
    for place, sign in zip(places, line.signs, strict=True):
        boxes.insert(place, sign.box)
    return tuple(boxes), frozenset(places)


def _steps_of(boxes: tuple[InkBox, ...], strip: Strip) -> tuple[int, ...]:
    """Return the step of the strip at the middle of each box, or none if two share a step."""
    x, y, width, height = np.array(boxes).reshape(-1, 4).T
    columns, _ = strip.locate(x + width // 2, y + height // 2)
    steps = columns // STEP
    return tuple(steps.tolist()) if (np.diff(steps) > 0).all() else ()


def _cut_negatives(line: TextLine, region: Region) -> Iterator[LabelledImage]:
    """Yield the signs and letters that stand by themselves. A slash is left out, because it looks like a 1."""
    known = [*line.boxes, *(sign.box for sign in line.signs if sign.sign == "/")]
    known_spans = [(x, x + width) for x, _, width, _ in known]
    for box in separate_digits(tall_pieces(region), region.box[3]):
        x, _, width, _ = box
        if all(x >= end or x + width <= start for start, end in known_spans):
            part = crop_box(region, WorkBudget(), box)
            if part and _shows(part.input, line, box):  # leaves out printed borders, which look like a 1
                yield part.input, NOT_A_DIGIT


def _shows(image: NDArray[np.uint8], line: TextLine, box: InkBox) -> bool:
    """Tell if the image still shows what was written in the box."""
    return correlation(image, normalise(crop_to(line.ink, box))) >= MIN_CORRELATION
