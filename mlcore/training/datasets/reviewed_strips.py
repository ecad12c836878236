"""Strips of numbers that people reviewed, cut out of the pictures as the reader cuts them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcore.reading.answers.assembly import to_original_box
from mlcore.reading.budget import TooComplexError, WorkBudget
from mlcore.reading.engine import Engine
from mlcore.reading.files.decode import decode
from mlcore.reading.files.errors import PictureError
from mlcore.reading.layout.strip import HEIGHT, MAX_WIDTH, cut_strip
from mlcore.reading.layout.text_lines import find_lines
from mlcore.reading.numbers.number import find_strips
from mlcore.reading.prepared_image import PreparedImage, prepare_image
from mlcore.reading.result import MAX_LINES, Box, Mode
from mlcore.training.datasets.lines import LONGEST_TEXT, LabelledStrip, StripDataset, has_enough_steps


@dataclass(frozen=True)
class NumberPicture:
    """A picture whose number a person confirmed or corrected."""

    data: bytes  # of the file
    mode: Mode
    written: str  # with its signs; lines are joined by line feeds
    boxes: tuple[Box, ...] = ()  # of its digits in the original, where they are known


def cut_reviewed_strips(pictures: Iterable[NumberPicture], engine: Engine) -> StripDataset | None:
    """Return the strips of all pictures whose lines are found beyond doubt, or None if there are none."""
    found = [strip for picture in pictures for strip in cut_lines(picture, engine)]
    return StripDataset.of(found) if found else None


def cut_lines(picture: NumberPicture, engine: Engine) -> list[LabelledStrip]:
    """Return the strips of a picture with their texts, or nothing where a line is missing or cannot be learnt."""
    texts = picture.written.replace(" ", "").split("\n")
    if not all(is_text_known(text, engine.signs) for text in texts):
        return []
    try:
        image = prepare_image(decode(picture.data), picture.mode)
        images = list(_cut_page(image) if len(texts) > 1 else _cut_line(image, picture.boxes, engine))
    except (PictureError, TooComplexError):
        return []
    if len(images) != len(texts):
        return []
    strips = list(zip(images, texts, strict=True))
    return strips if all(can_be_learnt(strip, text) for strip, text in strips) else []


def is_text_known(text: str, signs: str) -> bool:
    """Return whether the line network can say this text. One digit alone is left to the digit network."""
    digits = sum(character.isdigit() for character in text)
    return digits >= 2 and len(text) <= LONGEST_TEXT and all(each.isdigit() or each in signs for each in text)


def can_be_learnt(strip: NDArray[np.uint8], text: str) -> bool:
    """Return whether the strip shows the whole line, and has a step for each digit and sign."""
    height, width = strip.shape
    return height == HEIGHT and width < MAX_WIDTH and has_enough_steps(strip, text)


def _cut_page(image: PreparedImage) -> Iterator[NDArray[np.uint8]]:
    """Yield the strips of all lines of the page."""
    if image.ink is None:
        return
    for line in find_lines(image.ink.strength, MAX_LINES + 1).lines:
        if strip := cut_strip(line.strength, (0, 0, *line.box[2:])):
            yield strip.image


def _cut_line(image: PreparedImage, boxes: tuple[Box, ...], engine: Engine) -> Iterator[NDArray[np.uint8]]:
    """Yield the strip of the line that the reader takes first, unless it is another one than that of the boxes."""
    lines = find_strips(image.ink, engine, WorkBudget()) if image.ink is not None else []
    for region, strip, _ in lines[:1]:
        line = to_original_box(region.box, image.scale, image.width, image.height)
        if not region.printed_boxes and all(_is_inside(box, line) for box in boxes):
            yield strip.image


def _is_inside(box: Box, line: Box) -> bool:
    """Return whether the middle of a digit lies in the box of a line."""
    x, y = box.x + box.width / 2, box.y + box.height / 2
    return line.x <= x <= line.x + line.width and line.y <= y <= line.y + line.height
