"""Readings built by hand: numbers with signs, several lines and unread ink, as if the reader had found them."""

from collections.abc import Sequence

import numpy as np
from django.contrib.auth.models import User
from PIL import Image, ImageDraw

from mlcore.reading.files.decode import decode
from mlcore.reading.result import Box, Decision, Glyph, Line, Mode, Reading, Reason, Sign, UnreadInk
from mlcore.reading.written import DecimalMark, digits_of, settle_values, surrounding_box
from recognizer.figures.drawings import HEIGHT as HEIGHT_OF_STROKES
from recognizer.figures.drawings import MARGIN, points_along, strokes_of
from recognizer.models import Prediction
from recognizer.services.reading.expected import Expected
from recognizer.services.reading.predictions import PictureReading, save_reading
from recognizer.services.registry.model_versions import models
from tests.pictures import encode

WIDTH, HEIGHT, ADVANCE, LINE_HEIGHT = 400, 300, 24, 40


def make_reading(
    written: str,
    *,
    decision: Decision = "read",
    reason: Reason | None = None,
    confidence: float = 0.98,
    unread: Sequence[UnreadInk] = (),
    doubtful: int | None = None,
) -> Reading:
    """Return the reading of a written form, whose characters stand side by side and whose lines stand below each other.

    The glyph number `doubtful` is less certain than the others.
    """
    lines: list[Line] = []
    glyphs: list[Glyph] = []
    signs: list[Sign] = []
    for row, text in enumerate(written.split("\n")):
        own_glyphs: list[Glyph] = []
        own_signs: list[Sign] = []
        for column, character in enumerate(text):
            box = Box(10 + ADVANCE * column, 10 + LINE_HEIGHT * row, 18, 30)
            if character.isdigit():
                own_glyphs.append(make_glyph(int(character), box, 0.6 if len(glyphs) == doubtful else 0.99))
                glyphs.append(own_glyphs[-1])
            else:
                own_signs.append(Sign(box, character, 0.9, len(own_glyphs)))
                signs.append(Sign(box, character, 0.9, len(glyphs)))
        lines.append(
            Line(
                surrounding_box([*own_glyphs, *own_signs]),
                digits_of(text),
                text,
                None,
                confidence,
                "unsure" if decision == "unsure" else "read",
                reason,
                tuple(own_glyphs),
                tuple(own_signs),
            )
        )
    reading = Reading(
        digits_of(written),
        decision,
        reason,
        confidence,
        tuple(glyphs),
        "by-hand",
        WIDTH,
        HEIGHT,
        written=written,
        signs=tuple(signs),
        unread=tuple(unread),
        lines=tuple(lines),
    )
    return settle_values(reading, None)


def make_glyph(digit: int, box: Box, share: float) -> Glyph:
    """Return a glyph whose second digit has the rest of the probability."""
    probabilities = [0.0] * 10
    probabilities[digit], probabilities[(digit + 1) % 10] = share, round(1 - share, 6)
    return Glyph(box, digit, round(0.99 * share, 6), tuple(probabilities), np.zeros((28, 28), np.uint8))


def store_reading(
    reading: Reading,
    *,
    owner: User,
    mode: Mode = "lines",
    decimal: DecimalMark | None = None,
    expected: Expected | None = None,
    source: str = "upload",
    data: bytes = b"",
) -> Prediction:
    """Save the reading as if the active model had made it, and return its prediction."""
    data = data or draw_reading(reading)
    answer = PictureReading(
        decode(data), settle_values(reading, decimal), models.active_model(), mode, decimal, 3.0, expected
    )
    return save_reading(answer, owner=owner, data=data, source=source, name="by-hand.png")


def draw_reading(reading: Reading) -> bytes:
    """Return a picture of the reading's digits and signs at their places, and of scribbles where ink is unread."""
    image = Image.new("RGB", (reading.width, reading.height), "white")
    draw = ImageDraw.Draw(image)
    characters = [(str(glyph.digit), glyph.box) for glyph in reading.glyphs]
    for character, box in [*characters, *((sign.sign, sign.box) for sign in reading.signs)]:
        scale = box.height / HEIGHT_OF_STROKES
        for stroke in strokes_of(character):
            points = [(box.x + scale * (x - MARGIN), box.y + scale * (y - MARGIN)) for x, y in points_along(stroke, 5)]
            draw.line(points, fill="#1b2a5c", width=3)
    for ink in reading.unread:
        left, middle = ink.box.x, ink.box.y + ink.box.height / 2
        wave = [
            (left + n, middle + (ink.box.height / 3 if n % 12 else -ink.box.height / 3))
            for n in range(0, ink.box.width, 6)
        ]
        draw.line(wave, fill="#1b2a5c", width=2)
    return encode(image)
