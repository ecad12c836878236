"""Synthetic handwritten digits, also in styles that MNIST lacks.

MNIST is one country's handwriting of one time. The styles here add the 1 with a flag or a foot, the crossed 7,
the open 4, the 4 like a flash of lightning, the curled 9 and others.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mlcore.training.synthesis.pen import draw_points, random_hand
from mlcore.training.synthesis.strokes import Style, WeightedStyles
from mlcore.training.synthesis.strokes_0_to_4 import STYLES_0_TO_4
from mlcore.training.synthesis.strokes_5_to_9 import STYLES_5_TO_9
from mlcore.training.synthesis.strokes_unusual import UNUSUAL_STYLES

Floats = NDArray[np.float32]
STYLES: tuple[WeightedStyles, ...] = tuple(  # by digit
    usual + unusual for usual, unusual in zip((*STYLES_0_TO_4, *STYLES_5_TO_9), UNUSUAL_STYLES, strict=True)
)


def write_digit(digit: int, rng: np.random.Generator, height: float | None = None) -> Floats:
    """Return the ink of one digit, (H, W) float32 0..1, 1 is ink, cropped with a margin of two pixels."""
    styles = STYLES[digit]
    shares = np.array([share for share, _ in styles])
    return write_in_style(styles[rng.choice(len(styles), p=shares / shares.sum())][1], rng, height)


def write_in_style(style: Style, rng: np.random.Generator, height: float | None = None) -> Floats:
    """Return the ink of one digit in a style, as `write_digit` does."""
    hand = replace(
        random_hand(rng, height),
        width=float(np.exp(rng.normal(0, 0.16))),
        slant=float(rng.normal(0.12, 0.17)),
        wobble=float(rng.uniform(0.002, 0.02)),
    )
    strokes = [
        (np.array([point[:2] for point in stroke], np.float32), tuple(point[2] for point in stroke))
        for stroke in style(rng)
    ]
    return draw_points(strokes, hand, rng)
