"""Examples for the pages of a model's card: one digit under many changes, confident mistakes, and what it learnt from.

All pictures are synthetic, so that a card may be published with them. They are stored as small WebP files in base64.
"""

import base64
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.reading.layout.normalise import normalise
from mlcore.reading.reader import Reader
from mlcore.reading.result import Reading
from mlcore.training.evaluation.refusals import to_picture
from mlcore.training.synthesis.handwriting import write_digit, write_in_style
from mlcore.training.synthesis.sheets import NOISY_SHEET, PLAIN_PHOTO, SCREEN, SheetStyle, render_sheet
from mlcore.training.synthesis.strokes_unusual import UNUSUAL_STYLES

Pixels = NDArray[np.uint8]  # (H, W, 3) RGB
SIDE = 128  # of a stored picture, in pixels
QUALITY = 70  # of its compression, out of 100
CHANGED_DIGIT, CHANGED_SEED = 4, 1
HANDS_TRIED = 40  # digits of each unusual style among which mistakes are looked for
MOST_MISTAKES = 12
MOST_OF_A_HAND = 2
SAMPLES_PER_DIGIT = 3

_BARE = replace(SCREEN, margins=(20, 20, 20, 20), paper=(250, 250, 250), ink=(25, 30, 90), p_jpeg=0)
_FAINT = replace(_BARE, ink=(120, 120, 125))
CHANGES: Mapping[str, SheetStyle] = {
    "unchanged": _BARE,
    "blurred": replace(_BARE, blur=(4.5, 4.5)),
    "strongly blurred": replace(_BARE, blur=(12.0, 12.0)),
    "turned by 20°": _BARE,
    "turned by 50°": _BARE,
    "faint": replace(_FAINT, ink_strength=(0.3, 0.3)),
    "hardly visible": replace(_FAINT, ink_strength=(0.07, 0.07), noise=(3.0, 3.0)),
    "squared paper": replace(_BARE, p_squares=1.0),
    "ruled paper": replace(_BARE, p_lines=1.0),
    "grainy": replace(_BARE, noise=(40.0, 40.0)),
    "in a shadow": replace(_BARE, p_uneven_light=1.0, p_shadow=1.0),
    "photographed badly": replace(NOISY_SHEET, margins=(20, 20, 20, 20), blur=(2.0, 2.0), noise=(12, 12)),
}
TURNS = {"turned by 20°": -20.0, "turned by 50°": -50.0}  # degrees, counterclockwise


def draw_examples(reader: Reader, hands_tried: int = HANDS_TRIED) -> dict[str, list[dict[str, Any]]]:
    """Return the examples as a card stores them, each with its picture and with what was written and read."""
    mistakes = _find_mistakes(reader, hands_tried)
    return {"changes": _change_one_digit(reader), "mistakes": mistakes, "samples": _draw_samples()}


def _change_one_digit(reader: Reader) -> list[dict[str, Any]]:
    ink = write_digit(CHANGED_DIGIT, np.random.default_rng(CHANGED_SEED), height=120)
    examples = []
    for name, style in CHANGES.items():
        turned = _turn(ink, TURNS.get(name, 0.0))
        sheet = render_sheet(turned, np.random.default_rng(CHANGED_SEED), style)
        reading = reader.read_picture(to_picture(sheet), "digit")
        examples.append({"change": name, **_example(sheet, CHANGED_DIGIT, reading)})
    return examples


def _find_mistakes(reader: Reader, hands_tried: int) -> list[dict[str, Any]]:
    """Return digits of unusual hands that were read as others, the most confident first."""
    found: list[tuple[float, dict[str, Any]]] = []
    for digit, styles in enumerate(UNUSUAL_STYLES):
        for _, style in styles:
            for seed in range(hands_tried):
                rng = np.random.default_rng([digit, seed])
                sheet = render_sheet(write_in_style(style, rng), rng, PLAIN_PHOTO)
                reading = reader.read_picture(to_picture(sheet), "digit")
                if reading.text not in ("", str(digit)):
                    hand = style.__name__.replace("_", " ")
                    found.append((reading.confidence, {"hand": hand, **_example(sheet, digit, reading)}))
    found.sort(key=lambda pair: -pair[0])
    shown: list[dict[str, Any]] = []
    for _, example in found:
        if sum(each["hand"] == example["hand"] for each in shown) < MOST_OF_A_HAND:
            shown.append(example)
    return shown[:MOST_MISTAKES]


def _draw_samples() -> list[dict[str, Any]]:
    rng = np.random.default_rng(SAMPLES_PER_DIGIT)
    digits = [digit for _ in range(SAMPLES_PER_DIGIT) for digit in range(10)]
    return [
        {"written": str(digit), "picture": _encode(cv2.merge([255 - normalise(write_digit(digit, rng))] * 3))}
        for digit in digits
    ]


def _turn(ink: NDArray[np.float32], degrees: float) -> NDArray[np.float32]:
    """Turn the ink on a square sheet that holds it at any angle."""
    height, width = ink.shape
    side = int(np.ceil(np.hypot(height, width)))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    matrix[:, 2] += (side - width) / 2, (side - height) / 2
    return np.asarray(cv2.warpAffine(ink, matrix, (side, side)), np.float32)


def _example(sheet: Pixels, digit: int, reading: Reading) -> dict[str, Any]:
    return {
        "written": str(digit),
        "read": reading.text,
        "decision": reading.decision,
        "confidence": round(reading.confidence, 4),
        "picture": _encode(sheet),
    }


def _encode(pixels: Pixels) -> str:
    """Return the picture as WebP in base64, reduced to fit SIDE."""
    scale = min(1.0, SIDE / max(pixels.shape[:2]))
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else pixels
    _done, data = cv2.imencode(".webp", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_WEBP_QUALITY, QUALITY])
    return base64.b64encode(data.tobytes()).decode()
