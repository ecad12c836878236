"""Signs within numbers, drawn as people write them: points, commas, dashes, currency signs and others.

They are apart from `alphabet.SIGNS`, which are negatives of the digit network: a slash or a comma that stands alone
looks like a 1, and labelling it "not a digit" would teach that network to doubt a real 1.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mlcore.training.synthesis.pen import Hand, draw_paths, draw_strokes

Floats = NDArray[np.float32]

STROKES: dict[str, tuple[str, ...]] = {
    "-": ("0,.5 1,.5", "0,.55 .5,.45 1,.5", "0,.45 1,.55", "0,.48 .4,.52 1,.46"),
    "+": ("0,.5 1,.5 | .5,0 .5,1", "-.05,.55 1,.45 | .5,.05 .48,1", ".5,0 .5,1! 0,.6! .2,.5 1,.5"),
    "/": (".6,0 0,1", ".6,0 .35,.5 0,1", ".55,0 .2,.6 0,1", ".65,-.02 .3,.45 .02,1"),
    "%": (
        "1,0 0,1 | .2,0 0,.2 .2,.4 .4,.2 .2,0 | .8,.6 .6,.8 .8,1 1,.8 .8,.6",
        ".95,.05 .05,1 | .15,.05 .02,.2 .15,.35 .3,.2 .17,.04 | .85,.65 .7,.8 .85,.95 .98,.8 .85,.64",
        ".3,.1 .1,0 0,.2 .15,.4 .35,.25 .3,.1 1,.02! .1,1 | .8,.6 .6,.75 .75,1 1,.85 .8,.6",
    ),
    "$": (
        "1,.2 .5,.1 0,.3 .5,.5 1,.7 .5,.9 0,.8 | .5,-.05 .5,1.05",
        ".9,.15 .2,.15 .3,.5 .9,.6 .7,.9 0,.85 | .4,0 .4,1 | .6,0 .6,1",
        ".85,.2 .4,.08 .05,.3 .5,.48 .9,.7 .45,.92 0,.8 | .55,-.1 .45,1.1",
    ),
    "€": (
        "1,.1 .5,0 .15,.4 .2,.8 .6,1 1,.9 | 0,.4 .8,.4 | 0,.6 .7,.6",
        ".95,.15 .6,0 .25,.2 .2,.75 .55,1 .95,.85 | -.05,.42 .75,.38 | -.05,.58 .7,.55",
        "1,.2 .7,.02 .3,.15 .2,.5 .3,.9 .7,1 1,.85 | 0,.45 .6,.45 | .02,.62 .6,.6",
    ),
    "£": (
        "1,.2 .7,0 .4,.2 .4,.8 .1,1! 1,.95 | .1,.5 .8,.5",
        ".9,.25 .75,.02 .45,.1 .4,.5 .3,.85 .05,1 .3,.9 .6,1 .95,.9 | .15,.52 .7,.5",
        "1,.15 .7,0 .45,.25 .5,.6 .35,.95 .05,.95 .2,.82 .5,1 1,.95 | .1,.45 .75,.42 | .1,.58 .75,.55",
    ),
}


@dataclass(frozen=True)
class DrawnSign:
    """The ink of a sign, and its place in the line, in heights of a digit."""

    ink: Floats
    offset: float  # of its middle below the middle of the line
    is_small: bool = False  # digits may lie over or under it


def draw_sign(sign: str, hand: Hand, rng: np.random.Generator) -> DrawnSign:
    """Draw a sign beside digits as high as the hand."""
    return _DRAW.get(sign, _draw_tall)(sign, hand, rng)


def _draw_point(sign: str, hand: Hand, rng: np.random.Generator) -> DrawnSign:
    offset = rng.uniform(-0.05, 0.1) if rng.random() < 0.06 else rng.uniform(0.38, 0.52)  # few write it at mid-height
    return DrawnSign(_draw_dot(hand, rng), float(offset), is_small=True)


def _draw_comma(sign: str, hand: Hand, rng: np.random.Generator) -> DrawnSign:
    return DrawnSign(_draw_tick(hand, rng.uniform(0.12, 0.34), rng), float(rng.uniform(0.42, 0.62)), is_small=True)


def _draw_apostrophe(sign: str, hand: Hand, rng: np.random.Generator) -> DrawnSign:
    return DrawnSign(_draw_tick(hand, rng.uniform(0.1, 0.3), rng), float(rng.uniform(-0.55, -0.34)), is_small=True)


def _draw_colon(sign: str, hand: Hand, rng: np.random.Generator) -> DrawnSign:
    upper, lower = _draw_dot(hand, rng), _draw_dot(hand, rng)
    distance = max(upper.shape[0], round(rng.uniform(0.25, 0.5) * hand.height))
    shift = int(rng.integers(0, 3))
    ink = np.zeros((distance + lower.shape[0], max(upper.shape[1] + shift, lower.shape[1])), np.float32)
    ink[: upper.shape[0], shift : shift + upper.shape[1]] = upper
    below = ink[distance:, : lower.shape[1]]
    np.maximum(below, lower, out=below)
    return DrawnSign(ink, float(rng.uniform(0.0, 0.22)), is_small=True)


def _draw_dash(sign: str, hand: Hand, rng: np.random.Generator) -> DrawnSign:
    level = replace(hand, width=float(rng.uniform(0.18, 0.75)), slant=0.0, wobble=hand.wobble / 2)
    return DrawnSign(_draw_strokes(sign, level, rng), float(rng.normal(0, 0.07)))


def _draw_plus(sign: str, hand: Hand, rng: np.random.Generator) -> DrawnSign:
    size = float(rng.uniform(0.3, 0.7))
    small = replace(hand, height=hand.height * size, pen=hand.pen / size, slant=hand.slant / 2)
    return DrawnSign(_draw_strokes(sign, small, rng), float(rng.normal(0.02, 0.06)))


def _draw_slash(sign: str, hand: Hand, rng: np.random.Generator) -> DrawnSign:
    size = float(rng.uniform(0.9, 1.5))
    steep = replace(
        hand, height=hand.height * size, pen=hand.pen / size, width=float(rng.uniform(0.5, 1.3)), slant=0.05, turn=0.0
    )
    return DrawnSign(_draw_strokes(sign, steep, rng), float(rng.normal(0.02, 0.06)))


def _draw_tall(sign: str, hand: Hand, rng: np.random.Generator) -> DrawnSign:
    size = float(rng.uniform(0.75, 1.25))
    return DrawnSign(
        _draw_strokes(sign, replace(hand, height=hand.height * size, pen=hand.pen / size), rng),
        float(rng.normal(0, 0.06)),
    )


def _draw_strokes(sign: str, hand: Hand, rng: np.random.Generator) -> Floats:
    return draw_strokes(str(rng.choice(STROKES[sign])), hand, rng)


def _draw_dot(hand: Hand, rng: np.random.Generator) -> Floats:
    """Draw a dot as wide as the pen or up to twice as wide, sometimes a little drawn out."""
    length = rng.uniform(0, 0.07) * hand.height
    path = np.array([[0, 0], [length * rng.uniform(-0.6, 0.8), length]], np.float32)
    return draw_paths([path], max(hand.pen * rng.uniform(1.0, 2.0), 0.05) * hand.height, hand.swell, rng)


def _draw_tick(hand: Hand, length: float, rng: np.random.Generator) -> Floats:
    """Draw a short stroke down, straight or bent to the left as a comma is."""
    lean, bend = rng.uniform(-0.1, 0.75), rng.uniform(-0.05, 0.35)
    path = np.array([[0, 0], [(bend - lean / 2) * length, length / 2], [-lean * length, length]], np.float32)
    return draw_paths([path * hand.height], hand.pen * hand.height * rng.uniform(0.8, 1.5), hand.swell, rng)


_DRAW: dict[str, Callable[[str, Hand, np.random.Generator], DrawnSign]] = {
    ".": _draw_point,
    ",": _draw_comma,
    "'": _draw_apostrophe,
    ":": _draw_colon,
    "-": _draw_dash,
    "+": _draw_plus,
    "/": _draw_slash,
}
