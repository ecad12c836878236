"""The reader that the other servers serve, with answers as plain values. It needs neither Django nor a database."""

from typing import Any

from mlcore.artifact import SHIPPED, load_artifact
from mlcore.reading.reader import Reader


def load_reader() -> Reader:
    return Reader(load_artifact(SHIPPED))


def answer(reader: Reader, picture: bytes) -> dict[str, Any]:
    """Return what is read in a picture, with the fields of the product's answer that do not depend on its rows."""
    reading = reader.read(picture, "auto")
    return {
        "text": reading.text,
        "written": reading.written,
        "decision": reading.decision,
        "reason": reading.reason,
        "confidence": reading.confidence,
        "glyphs": [
            {
                "box": [glyph.box.x, glyph.box.y, glyph.box.width, glyph.box.height],
                "digit": glyph.digit,
                "confidence": glyph.confidence,
                "probabilities": [round(float(share), 6) for share in glyph.probabilities],
            }
            for glyph in reading.glyphs
        ],
    }
