"""The bytes that count towards a quota: a file's size, and about what a row takes in the database with its indexes."""

import json
from typing import Any

from mlcore.reading.result import Reading
from recognizer.models import Correction

PREDICTION_BYTES = 500
GLYPH_BYTES = 1_500  # 784 of them are the input of the network
PART_BYTES = 80  # a sign, a piece of unread ink or a line
CORRECTION_BYTES = 500
ITEM_BYTES = 500  # of a batch


def json_bytes(value: Any) -> int:
    """Return the size of a JSON column; nothing for a missing value."""
    return 0 if value is None else len(json.dumps(value))


def reading_bytes(reading: Reading) -> int:
    """Return the size of the prediction that a reading becomes, with its glyphs."""
    lines = len(reading.lines) if len(reading.lines) > 1 else 0
    return prediction_bytes(len(reading.glyphs), len(reading.signs) + len(reading.unread) + lines)


def prediction_bytes(glyphs: int, parts: int) -> int:
    """Return the size of a prediction with so many glyphs and other parts: signs, unread ink and lines."""
    return PREDICTION_BYTES + glyphs * GLYPH_BYTES + parts * PART_BYTES


def correction_bytes(correction: Correction) -> int:
    return CORRECTION_BYTES + json_bytes(correction.boxes)
