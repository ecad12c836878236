"""The ten digits as pens write them, also in the styles that MNIST lacks.

MNIST is one country's handwriting of one time. Here are the 1 with a flag and with a foot, the crossed 7,
the open and the lightning 4, the curled 9 and the others, each as strokes whose every measure is drawn
anew.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mlcore.training.synthesis import digits_0_to_4 as low
from mlcore.training.synthesis import digits_5_to_9 as high
from mlcore.training.synthesis.pen import any_hand, draw_points
from mlcore.training.synthesis.shapes import Stroke

Floats = NDArray[np.float32]
Draw = Callable[[np.random.Generator], list[Stroke]]


STYLES: tuple[tuple[tuple[float, Draw], ...], ...] = (
    ((0.62, low.zero), (0.2, low.curled_zero), (0.18, low.slashed_zero)),
    (
        (0.14, low.bare_one),
        (0.36, low.flagged_one),
        (0.2, low.peaked_one),
        (0.08, low.looped_one),
        (0.22, low.footed_one),
    ),
    ((0.36, low.two), (0.28, low.looped_two), (0.2, low.curled_two), (0.16, low.angular_two)),
    ((0.55, low.three), (0.3, low.flat_three), (0.15, low.looped_three)),
    (
        (0.18, low.open_four),
        (0.18, low.closed_four),
        (0.16, low.bowed_four),
        (0.2, low.lightning_four),
        (0.2, low.cup_four),
        (0.08, low.looped_four),
        (0.07, low.swung_four),
    ),
    ((0.4, high.five), (0.4, high.loose_five), (0.2, high.curved_five)),
    ((0.45, high.six), (0.25, high.straight_six), (0.3, high.curled_six)),
    ((0.3, high.seven), (0.46, high.crossed_seven), (0.2, high.round_seven), (0.08, high.looped_seven)),
    ((0.5, high.eight), (0.2, high.stacked_eight), (0.3, high.open_eight)),
    (
        (0.2, high.nine),
        (0.25, high.hooked_nine),
        (0.1, high.spiral_nine),
        (0.16, high.open_nine),
        (0.12, high.cup_nine),
        (0.17, high.left_nine),
    ),
)


def write_digit(digit: int, rng: np.random.Generator, height: float | None = None) -> Floats:
    """Ink of one digit, (H, W) float32 0..1, 1 is ink, cropped to it with a margin of two pixels."""
    styles = STYLES[digit]
    shares = np.array([share for share, _ in styles])
    style = styles[rng.choice(len(styles), p=shares / shares.sum())][1]
    hand = replace(
        any_hand(rng, height),
        width=float(np.exp(rng.normal(0, 0.16))),
        slant=float(rng.normal(0.12, 0.17)),
        wobble=float(rng.uniform(0.002, 0.02)),
    )
    strokes = [
        (np.array([point[:2] for point in stroke], np.float32), tuple(point[2] for point in stroke))
        for stroke in style(rng)
    ]
    return draw_points(strokes, hand, rng)
