"""Accuracy on unusual hands, and how often letters unlike any digit are read as sure digits; all of them synthetic."""

import numpy as np

from mlcore.reading.reader import Reader
from mlcore.training.evaluation.refusals import to_picture
from mlcore.training.synthesis.alphabet import LETTERS
from mlcore.training.synthesis.handwriting import write_in_style
from mlcore.training.synthesis.negatives import write_letter
from mlcore.training.synthesis.sheets import PLAIN_PHOTO, render_sheet
from mlcore.training.synthesis.strokes_unusual import UNUSUAL_STYLES

DIGITS = 200  # of each style
LETTER_PICTURES = 1000  # of each case


def measure_unusual_hands(reader: Reader, count: int = DIGITS) -> dict[str, dict[str, float]]:
    """Return the shares that are read right, and as sure but wrong, for each unusual style."""
    figures = {}
    for digit, styles in enumerate(UNUSUAL_STYLES):
        for _, style in styles:
            rngs = (np.random.default_rng([digit, seed]) for seed in range(count))
            sheets = (render_sheet(write_in_style(style, rng), rng, PLAIN_PHOTO) for rng in rngs)
            readings = reader.read_pictures(map(to_picture, sheets), "digit")
            right = [reading.text == str(digit) for reading in readings]
            sure = [reading.decision == "read" for reading in readings]
            name = style.__name__.replace("_", " ")
            sure_but_wrong = sum(s and not r for s, r in zip(sure, right, strict=True))
            figures[name] = {"right": sum(right) / count, "sure but wrong": sure_but_wrong / count}
    return figures


def measure_letters(reader: Reader, count: int = LETTER_PICTURES) -> dict[str, dict[str, float]]:
    """Return the shares of letters unlike any digit that are rejected, and read as sure digits, for each case."""
    figures = {}
    for case, letters in (
        ("capital letters", [name for name in LETTERS if name.isupper()]),
        ("lower-case letters", [name for name in LETTERS if name.islower()]),
    ):
        rngs = (np.random.default_rng([7, seed]) for seed in range(count))
        sheets = (render_sheet(write_letter(str(rng.choice(letters)), rng), rng, PLAIN_PHOTO) for rng in rngs)
        decisions = [reading.decision for reading in reader.read_pictures(map(to_picture, sheets), "digit")]
        figures[case] = {
            "rejected": decisions.count("rejected") / count,
            "sure": decisions.count("read") / count,
        }
    return figures
