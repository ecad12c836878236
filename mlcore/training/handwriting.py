"""The ten digits as pens write them, also in the styles that MNIST lacks.

MNIST is one country's handwriting of one time. Here are the 1 with a flag and with a foot, the crossed 7,
the open and the lightning 4, the curled 9 and the others, each as strokes whose every measure is drawn
anew. A frame's y grows downwards, 0..1 is the digit's height; x grows to the right in the same unit.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mlcore.training.pen import any_hand, draw_points

Floats = NDArray[np.float32]
Point = tuple[float, float, bool]  # x, y, and whether the pen turns sharply here
Stroke = list[Point]
Draw = Callable[[np.random.Generator], list[Stroke]]


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


def _arc(x: float, y: float, wide: float, high: float, start: float, end: float) -> Stroke:
    """Part of an ellipse round (x, y), from angle `start` to `end` in degrees; 0 is right, 90 is down."""
    steps = max(2, round(abs(end - start) / 40))
    angles = np.radians(np.linspace(start, end, steps + 1))
    return [(x + wide * float(np.cos(a)), y + high * float(np.sin(a)), False) for a in angles]


def _line(*points: tuple[float, float]) -> Stroke:
    """Straight from point to point, with sharp turns."""
    return [(x, y, True) for x, y in points]


def _curve(*points: tuple[float, float]) -> Stroke:
    return [(x, y, False) for x, y in points]


def _turn(stroke: Stroke) -> Stroke:
    """The same stroke with a sharp turn at its end."""
    x, y, _ = stroke[-1]
    return [*stroke[:-1], (x, y, True)]


# --- 0 -----------------------------------------------------------------------------------------------------


def _zero(rng: np.random.Generator) -> list[Stroke]:
    """From well open to overlapping itself."""
    wide, start = rng.uniform(0.2, 0.45), rng.uniform(-140, -30)
    way = -1 if rng.random() < 0.8 else 1
    oval = _arc(wide, 0.5, wide, 0.5, start, start + way * rng.uniform(325, 400))
    drift = rng.uniform(-0.08, 0.08)  # the end misses the beginning
    return [[(x + drift * i / len(oval), y, bend) for i, (x, y, bend) in enumerate(oval)]]


def _curled_zero(rng: np.random.Generator) -> list[Stroke]:
    """The pen comes from within, or leaves with a curl at the top."""
    wide = rng.uniform(0.25, 0.42)
    oval = _arc(wide, 0.5, wide, 0.5, -70, -70 - rng.uniform(350, 380))
    lead = (wide + rng.uniform(0.05, 0.3), rng.uniform(-0.12, 0.12))
    if rng.random() < 0.4:
        lead = (wide * rng.uniform(0.5, 1.2), rng.uniform(0.1, 0.35))
    return [[*oval, (*lead, False)]] if rng.random() < 0.5 else [[(*lead, False), *oval]]


def _slashed_zero(rng: np.random.Generator) -> list[Stroke]:
    wide = rng.uniform(0.25, 0.45)
    over = rng.uniform(-0.15, 0.15)
    slash = _line((2 * wide + over, rng.uniform(-0.05, 0.25)), (-over, rng.uniform(0.75, 1.05)))
    return [_arc(wide, 0.5, wide, 0.5, -80, -80 - rng.uniform(345, 380)), slash]


# --- 1 -----------------------------------------------------------------------------------------------------


def _bare_one(rng: np.random.Generator) -> list[Stroke]:
    return [_curve((rng.normal(0, 0.05), 0), (rng.normal(0, 0.02), 0.5), (rng.normal(0, 0.05), 1))]


def _flag(rng: np.random.Generator) -> Stroke:
    """Up to the top of the stem: from a hint to nearly as long as the stem itself."""
    reach = rng.uniform(0.1, 0.5) if rng.random() < 0.7 else rng.uniform(0.4, 0.85)
    drop = min(reach * rng.uniform(0.6, 2.2), 0.85)  # flatter than this it would be a 7
    bow = rng.uniform(-0.06, 0.06)
    return [(-reach, drop, False), (-reach / 2 + bow, drop / 2 + bow, False), (0, 0, True)]


def _flagged_one(rng: np.random.Generator) -> list[Stroke]:
    return [[*_flag(rng), (rng.normal(0, 0.03), 0.5, False), (rng.normal(0, 0.06), 1, False)]]


def _footed_one(rng: np.random.Generator) -> list[Stroke]:
    stem = _flagged_one(rng)[0] if rng.random() < 0.8 else _bare_one(rng)[0]
    left, right, tilt = rng.uniform(0.08, 0.45), rng.uniform(0.08, 0.45), rng.normal(0, 0.04)
    at = 1 + rng.normal(0, 0.02)
    if rng.random() < 0.15:  # the pen stays down
        return [[*_turn(stem), (-left, at + tilt, True), (right, at - tilt, False)]]
    return [stem, _curve((-left, at + tilt), (0, at + rng.normal(0, 0.02)), (right, at - tilt))]


# --- 2 -----------------------------------------------------------------------------------------------------


def _two_head(rng: np.random.Generator) -> Stroke:
    """Up, over and down towards the lower left."""
    wide, high = rng.uniform(0.2, 0.36), rng.uniform(0.2, 0.32)
    return _arc(0.28, high, wide, high, rng.uniform(-205, -150), rng.uniform(10, 45))


def _two(rng: np.random.Generator) -> list[Stroke]:
    """A corner at the foot, then a straight or wavy base."""
    base, wave = rng.uniform(0.4, 0.85), rng.uniform(-0.05, 0.09)
    foot = (rng.uniform(-0.1, 0.06), rng.uniform(0.92, 1.02))
    belly = (0.22 + rng.normal(0, 0.04), 0.7 + rng.normal(0, 0.03))
    tail = _curve((foot[0] + base * 0.45, foot[1] - wave), (foot[0] + base, foot[1] + rng.normal(0, 0.05)))
    return [[*_two_head(rng), (*belly, False), (*foot, True), *tail]]


def _looped_two(rng: np.random.Generator) -> list[Stroke]:
    size = rng.uniform(0.05, 0.14)
    low = rng.uniform(0.84, 0.96)
    loop = _arc(size * 0.6, low, size, size * rng.uniform(0.5, 0.9), 60, 290)
    tail = _curve((rng.uniform(0.3, 0.45), rng.uniform(0.93, 1.04)), (rng.uniform(0.5, 0.85), rng.uniform(0.8, 1.02)))
    return [[*_two_head(rng), (0.25 + rng.normal(0, 0.03), 0.68, False), *loop, *tail]]


def _angular_two(rng: np.random.Generator) -> list[Stroke]:
    """Like a Z with a bent neck."""
    top = _curve((rng.uniform(-0.05, 0.1), rng.uniform(0.02, 0.25)), (0.28, rng.uniform(-0.04, 0.02)))
    neck = (rng.uniform(0.45, 0.58), rng.uniform(0.1, 0.28), False)
    foot, base = (rng.uniform(-0.08, 0.06), 1.0, True), rng.uniform(0.4, 0.8)
    return [[*top, neck, foot, (foot[0] + base, 1 + rng.normal(0, 0.04), False)]]


# --- 3 -----------------------------------------------------------------------------------------------------


def _three_belly(rng: np.random.Generator, middle: float) -> Stroke:
    """From the middle round to the lower left; sometimes it curls in, sometimes it runs out below."""
    high = (1 - middle) / 2
    end = rng.uniform(120, 190)
    return _arc(0.2, middle + high, rng.uniform(0.22, 0.42), high, -70, end)


def _three(rng: np.random.Generator) -> list[Stroke]:
    middle = rng.uniform(0.36, 0.52)
    head = _arc(0.2, middle / 2, rng.uniform(0.18, 0.34), middle / 2, rng.uniform(-200, -140), 60)
    waist = (rng.uniform(0.02, 0.24), middle + rng.normal(0, 0.02), rng.random() < 0.65)
    return [[*head, waist, *_three_belly(rng, middle)]]


def _flat_three(rng: np.random.Generator) -> list[Stroke]:
    """A straight top and a straight way back, as in the older script."""
    wide, middle = rng.uniform(0.35, 0.6), rng.uniform(0.34, 0.46)
    top = _line((rng.uniform(-0.08, 0.06), rng.normal(0.03, 0.03)), (wide, rng.normal(0, 0.03)))
    waist = (rng.uniform(0.08, 0.26), middle, rng.random() < 0.7)
    return [[*top, waist, *_three_belly(rng, middle)]]


def _looped_three(rng: np.random.Generator) -> list[Stroke]:
    middle, size = rng.uniform(0.4, 0.5), rng.uniform(0.03, 0.09)
    head = _arc(0.22, middle / 2, rng.uniform(0.18, 0.32), middle / 2, rng.uniform(-190, -150), 55)
    return [[*head, *_arc(0.1, middle, size * 1.4, size, 60, 300), *_three_belly(rng, middle)]]


# --- 4 -----------------------------------------------------------------------------------------------------


def _open_four(rng: np.random.Generator) -> list[Stroke]:
    """Down and across in one, the stem by itself; the corner sharp or round."""
    bar = rng.uniform(0.5, 0.75)
    lean, corner = rng.uniform(0, 0.3), rng.uniform(-0.05, 0.05)
    reach = rng.uniform(0.5, 0.85)
    first = [(lean, rng.uniform(-0.05, 0.15), False), (corner, bar, bool(rng.random() < 0.75)),
             (reach, bar + rng.normal(0, 0.05), False)]  # fmt: skip
    x, top = reach * rng.uniform(0.5, 0.8), rng.uniform(0.0, 0.5)
    return [first, _line((x + rng.normal(0.02, 0.03), top), (x + rng.normal(0, 0.04), 1))]


def _closed_four(rng: np.random.Generator) -> list[Stroke]:
    """A triangle and a stem, often in one stroke from the top."""
    stem, bar = rng.uniform(0.38, 0.55), rng.uniform(0.55, 0.78)
    reach = stem + rng.uniform(0.04, 0.32)
    left = rng.uniform(-0.06, 0.08)
    top = stem + rng.normal(0, 0.04)
    if rng.random() < 0.5:
        begin = (top + rng.normal(0, 0.04), rng.uniform(-0.02, 0.1))
        angle = _line((top, 0), (left, bar), (reach, bar + rng.normal(0, 0.04)))
        return [angle, _line(begin, (stem + rng.normal(0, 0.03), 1))]
    return [_line((stem, 1), (top, 0), (left, bar), (reach, bar + rng.normal(0, 0.04)))]


def _lightning_four(rng: np.random.Generator) -> list[Stroke]:
    """Down, across and a short stem hung on the bar: no part of the stem above it, or little."""
    bar, reach = rng.uniform(0.45, 0.68), rng.uniform(0.4, 0.7)
    first = _line((rng.uniform(0.15, 0.5), 0), (0, bar), (reach, bar + rng.normal(0, 0.04)))
    x = reach * rng.uniform(0.5, 0.85)
    return [first, _line((x + rng.uniform(0, 0.08), bar - rng.uniform(0.02, 0.25)), (x - rng.uniform(0, 0.1), 1))]


def _cup_four(rng: np.random.Generator) -> list[Stroke]:
    """A cup and a long stem, in one stroke or two."""
    low, wide = rng.uniform(0.4, 0.62), rng.uniform(0.3, 0.52)
    cup = _curve(
        (rng.uniform(-0.03, 0.1), rng.uniform(-0.03, 0.15)), (0, low * 0.75), (wide * 0.4, low), (wide, low * 0.8)
    )
    top = rng.uniform(-0.08, 0.15)
    stem = _line((wide + rng.normal(0.02, 0.03), top), (wide - rng.uniform(-0.06, 0.12), 1))
    return [[*_turn(cup), *stem]] if rng.random() < 0.5 else [cup, stem]


def _looped_four(rng: np.random.Generator) -> list[Stroke]:
    """In one stroke, the bar turning into the stem by a loop."""
    bar, reach = rng.uniform(0.5, 0.7), rng.uniform(0.45, 0.65)
    top = rng.uniform(0.15, 0.45)
    stroke = [(rng.uniform(0.1, 0.4), 0.0, False), (0, bar, bool(rng.random() < 0.6)), (reach * 0.5, bar + 0.02, False)]
    loop = _curve((reach, bar - 0.08), (reach + 0.02, top), (reach - 0.08, top + 0.1), (reach * 0.55, 1))
    return [[*stroke, *loop]]


# --- 5 -----------------------------------------------------------------------------------------------------


def _five_body(rng: np.random.Generator, x: float) -> Stroke:
    """Down from the top left, then the belly; the corner between them sharp, or round as in an S."""
    neck = rng.uniform(0.3, 0.48)
    high = (1 - neck * 0.8) / 2
    belly = _arc(0.2, 1 - high, rng.uniform(0.22, 0.42), high, -100 + rng.uniform(-20, 25), rng.uniform(110, 180))
    return [(x, rng.normal(0.02, 0.02), False), (x - rng.uniform(-0.02, 0.1), neck, bool(rng.random() < 0.75)), *belly]


def _five(rng: np.random.Generator) -> list[Stroke]:
    """The bar drawn with the rest or in its place."""
    x = rng.uniform(0, 0.18)
    end = x + rng.uniform(0.25, 0.65)
    bar = (end, rng.normal(0, 0.05))
    body = _five_body(rng, x)
    if rng.random() < 0.5:
        x0, y0, _ = body[0]
        return [[(*bar, False), (x0, y0, True), *body[1:]]]
    return [body, _line((x - rng.uniform(-0.02, 0.05), rng.normal(0.01, 0.02)), bar)]


def _loose_five(rng: np.random.Generator) -> list[Stroke]:
    """The bar stands off: beside, above or across the body."""
    x = rng.uniform(0, 0.15)
    start = (x + rng.uniform(-0.06, 0.3), rng.uniform(-0.14, 0.06))
    bar = _curve(start, (start[0] + rng.uniform(0.2, 0.6), start[1] + rng.normal(-0.02, 0.06)))
    return [_five_body(rng, x), bar]


def _curved_five(rng: np.random.Generator) -> list[Stroke]:
    """One soft stroke, nearly an S."""
    top = _curve((rng.uniform(0.45, 0.75), rng.uniform(-0.04, 0.1)), (0.25, rng.uniform(0, 0.08)))
    neck = _curve((rng.uniform(0, 0.1), rng.uniform(0.2, 0.32)), (0.14, rng.uniform(0.4, 0.48)))
    belly = _arc(0.2, 0.71, rng.uniform(0.22, 0.38), 0.29, -55, rng.uniform(110, 170))
    return [[*top, *neck, *belly]]


# --- 6 -----------------------------------------------------------------------------------------------------


def _six(rng: np.random.Generator) -> list[Stroke]:
    """From the upper right down and round; the loop closes, overlaps or stays open."""
    high, wide = rng.uniform(0.17, 0.32), rng.uniform(0.16, 0.34)
    top = (wide + rng.uniform(-0.08, 0.35), rng.uniform(-0.05, 0.06))
    back = (rng.uniform(0.02, 0.16), rng.uniform(0.28, 0.42))
    loop = _arc(wide, 1 - high, wide, high, -180, -180 - rng.uniform(280, 400))
    return [[(*top, False), (*back, False), *loop]]


def _straight_six(rng: np.random.Generator) -> list[Stroke]:
    high, wide = rng.uniform(0.18, 0.28), rng.uniform(0.18, 0.32)
    stem = _curve((rng.uniform(0, 0.5), 0), (rng.uniform(-0.02, 0.12), 0.5))
    return [[*stem, *_arc(wide, 1 - high, wide, high, -180, -180 - rng.uniform(300, 380))]]


def _curled_six(rng: np.random.Generator) -> list[Stroke]:
    """It ends inside its own loop; the top curls over."""
    high, wide = rng.uniform(0.2, 0.3), rng.uniform(0.22, 0.34)
    top = _curve((wide + rng.uniform(0.15, 0.35), rng.uniform(0.04, 0.18)), (wide + 0.1, rng.uniform(-0.04, 0.03)))
    loop = _arc(wide, 1 - high, wide, high, -170, -170 - rng.uniform(270, 330))
    return [[*top, (0.08, 0.3, False), *loop, (wide * rng.uniform(0.5, 1), 1 - high * rng.uniform(0.8, 1.3), False)]]


# --- 7 -----------------------------------------------------------------------------------------------------


def _seven(rng: np.random.Generator) -> list[Stroke]:
    """With or without a hook at the left; the stem straight or bowed."""
    wide, foot = rng.uniform(0.37, 0.68), rng.uniform(0.0, 0.32)
    bar = [(rng.normal(0, 0.03), rng.normal(0.03, 0.03), False), (wide * 0.5, rng.normal(0, 0.03), False)]
    if rng.random() < 0.35:
        bar.insert(0, (rng.uniform(-0.06, 0.06), rng.uniform(0.1, 0.26), False))
        bar[1] = (bar[1][0], bar[1][1], bool(rng.random() < 0.6))
    corner = (wide, rng.normal(0, 0.03), bool(rng.random() < 0.75))
    bow = rng.normal(-0.03, 0.06)
    return [[*bar, corner, ((wide + foot) / 2 + bow, 0.5, False), (foot, 1, False)]]


def _crossed_seven(rng: np.random.Generator) -> list[Stroke]:
    seven = _seven(rng)[0]
    (corner_x, _, _), (foot_x, _, _) = seven[-3], seven[-1]
    at = rng.uniform(0.35, 0.65)
    x = corner_x + (foot_x - corner_x) * at
    left, right, tilt = rng.uniform(0.1, 0.36), rng.uniform(0.1, 0.36), rng.normal(0.02, 0.05)
    return [seven, _curve((x - left, at + tilt), (x, at + rng.normal(0, 0.02)), (x + right, at - tilt))]


# --- 8 -----------------------------------------------------------------------------------------------------


def _eight(rng: np.random.Generator) -> list[Stroke]:
    """One S-shaped stroke from the top, back up to where it began, or short of it, or past it."""
    waist, upper, lower = rng.uniform(0.36, 0.58), rng.uniform(0.1, 0.32), rng.uniform(0.12, 0.38)
    start = rng.uniform(-75, 10)
    middle = 0.3
    top = waist / 2
    head = _arc(middle, top, upper, top, start, -230)
    high = (1 - waist) / 2
    belly = _arc(middle, 1 - high, lower, high, -40, 225)
    end = np.radians(start + rng.uniform(-40, 25))
    miss = rng.uniform(-0.05, 0.14) if rng.random() < 0.5 else 0.0
    back = _curve((middle + upper * 0.7, waist - top * 0.45),
                  (middle + upper * float(np.cos(end)) + miss, top + top * float(np.sin(end))))  # fmt: skip
    return [[*head, *belly, *back]]


def _stacked_eight(rng: np.random.Generator) -> list[Stroke]:
    """Two rings, touching or nearly."""
    waist = rng.uniform(0.38, 0.54)
    gap = rng.uniform(-0.05, 0.02)
    upper, lower = rng.uniform(0.15, 0.3), rng.uniform(0.2, 0.36)
    x = rng.normal(0, 0.03)
    first = _arc(x, waist / 2, upper, waist / 2, 80, 80 - rng.uniform(345, 385))
    second = _arc(0, (1 + waist + gap) / 2, lower, (1 - waist - gap) / 2, -90, -90 - rng.uniform(340, 385))
    return [first, second]


def _open_eight(rng: np.random.Generator) -> list[Stroke]:
    """An S first, then straight strokes back: the top stays open."""
    wide = rng.uniform(0.18, 0.32)
    s = _curve((0.3 + wide, rng.uniform(0.05, 0.16)), (0.3, 0), (0.3 - wide, 0.2), (0.3, rng.uniform(0.4, 0.5)),
               (0.3 + wide, 0.75), (0.3, 1), (0.3 - wide, 0.78))  # fmt: skip
    gap = rng.uniform(0.0, 0.3)
    return [[*s, (0.3 + wide * rng.uniform(0.6, 1.1) + gap * 0.5, rng.uniform(0.05, 0.2) + gap * 0.3, False)]]


# --- 9 -----------------------------------------------------------------------------------------------------


def _nine_ring(rng: np.random.Generator) -> tuple[Stroke, float, float]:
    """The ring from its upper right all round, and where the stem begins; it may stay open at the top."""
    wide, high = rng.uniform(0.16, 0.32), rng.uniform(0.17, 0.31)
    start = rng.uniform(-70, 5)
    return _arc(wide, high, wide, high, start, -340 - rng.uniform(-20, 30)), 2 * wide, high


def _nine(rng: np.random.Generator) -> list[Stroke]:
    """A straight stem, upright or leaning."""
    ring, x, y = _nine_ring(rng)
    foot = (x - rng.uniform(-0.05, 0.28), 1.0)
    top = (x + rng.normal(0.01, 0.02), y - rng.uniform(0.0, 0.15), True)
    return [[*ring, top, ((x + foot[0]) / 2 + rng.uniform(-0.02, 0.05), 0.6, False), (*foot, False)]]


def _hooked_nine(rng: np.random.Generator) -> list[Stroke]:
    """The stem bends to the left at its foot, from a hint to a full curl as in a g."""
    ring, x, y = _nine_ring(rng)
    low = rng.uniform(0.8, 0.95)
    tail = _curve((x - rng.uniform(0.05, 0.16), low), (x - rng.uniform(0.2, 0.34), 1.0),
                  (x - rng.uniform(0.36, 0.65), rng.uniform(0.82, 1.0)))  # fmt: skip
    if rng.random() < 0.3:
        tail.append((x - rng.uniform(0.5, 0.7), rng.uniform(0.7, 0.82), False))
    top = (x + rng.normal(0.01, 0.02), y - rng.uniform(0.0, 0.12), bool(rng.random() < 0.6))
    return [[*ring, top, (x + rng.normal(0, 0.03), 0.6, False), *tail]]


def _tail(rng: np.random.Generator, x: float) -> Stroke:
    """Down from the ring's right side at `x`, bending to the left."""
    return _curve(
        (x + rng.normal(0, 0.03), 0.65),
        (x - rng.uniform(0.06, 0.2), rng.uniform(0.84, 0.96)),
        (x - rng.uniform(0.25, 0.6), rng.uniform(0.82, 1.0)),
    )


def _open_nine(rng: np.random.Generator) -> list[Stroke]:
    """The ring begins at its top and comes back lower: a gap stays at the upper right, nearly as in an S."""
    wide, high = rng.uniform(0.18, 0.34), rng.uniform(0.18, 0.3)
    ring = _arc(wide, high, wide, high, rng.uniform(-100, -35), -rng.uniform(310, 350))
    x, y, _ = ring[-1]
    rise = (x + rng.uniform(0.0, 0.08), y - rng.uniform(0.0, 0.16), bool(rng.random() < 0.6))
    return [[*ring, rise, *_tail(rng, rise[0])]]


def _cup_nine(rng: np.random.Generator) -> list[Stroke]:
    """As a y or a g is written: a cup, then the stem with its bend."""
    low, wide = rng.uniform(0.36, 0.54), rng.uniform(0.34, 0.56)
    lid = rng.uniform(-0.06, 0.2)  # how far the cup leans over to close itself
    cup = _curve(
        (rng.uniform(0, 0.1) + max(lid, 0), 0.02), (0, low * 0.55), (wide * 0.45, low), (wide * 0.92, low * 0.6)
    )
    top = (wide + rng.normal(0.01, 0.02), rng.uniform(-0.04, 0.14), True)
    return [[*cup, top, *_tail(rng, wide)]]


def _spiral_nine(rng: np.random.Generator) -> list[Stroke]:
    """Round without a corner: the ring runs into the stem."""
    wide, high = rng.uniform(0.18, 0.3), rng.uniform(0.18, 0.3)
    inner = rng.uniform(0, 60)
    ring = _arc(wide, high, wide, high, inner, -350)
    curl = rng.random() < 0.6
    end = (wide * 2 - rng.uniform(0.2, 0.55), rng.uniform(0.9, 1.0)) if curl else (wide * 2 - rng.uniform(0, 0.2), 1.0)
    return [
        [
            *ring,
            (2 * wide + rng.normal(0.01, 0.02), 0.6, False),
            ((2 * wide + end[0]) / 2 + 0.06, 0.9, False),
            (*end, False),
        ]
    ]


STYLES: tuple[tuple[tuple[float, Draw], ...], ...] = (
    ((0.7, _zero), (0.12, _curled_zero), (0.18, _slashed_zero)),
    ((0.15, _bare_one), (0.5, _flagged_one), (0.35, _footed_one)),
    ((0.45, _two), (0.35, _looped_two), (0.2, _angular_two)),
    ((0.55, _three), (0.3, _flat_three), (0.15, _looped_three)),
    ((0.25, _open_four), (0.25, _closed_four), (0.2, _lightning_four), (0.2, _cup_four), (0.1, _looped_four)),
    ((0.4, _five), (0.4, _loose_five), (0.2, _curved_five)),
    ((0.45, _six), (0.25, _straight_six), (0.3, _curled_six)),
    ((0.4, _seven), (0.6, _crossed_seven)),
    ((0.55, _eight), (0.2, _stacked_eight), (0.25, _open_eight)),
    ((0.3, _nine), (0.3, _hooked_nine), (0.15, _spiral_nine), (0.15, _open_nine), (0.1, _cup_nine)),
)
