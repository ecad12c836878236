"""Styles of writing the digits 5 to 9, each as a function that draws its measures anew."""

import numpy as np

from mlcore.training.synthesis.strokes import Stroke, WeightedStyles, arc, curve, line


def _five_body(rng: np.random.Generator, x: float) -> Stroke:
    """Draw the stroke down from the top left and the bow; the corner between them is sharp, or round as in an S."""
    neck = rng.uniform(0.3, 0.48)
    high = (1 - neck * 0.8) / 2
    belly = arc(0.2, 1 - high, rng.uniform(0.22, 0.42), high, -100 + rng.uniform(-20, 25), rng.uniform(110, 180))
    return [(x, rng.normal(0.02, 0.02), False), (x - rng.uniform(-0.02, 0.1), neck, bool(rng.random() < 0.75)), *belly]


def five(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 5 whose bar is part of the stroke, or a second stroke that touches it."""
    x = rng.uniform(0, 0.18)
    end = x + rng.uniform(0.25, 0.65)
    bar = (end, rng.normal(0, 0.05))
    body = _five_body(rng, x)
    if rng.random() < 0.5:
        x0, y0, _ = body[0]
        return [[(*bar, False), (x0, y0, True), *body[1:]]]
    return [body, line((x - rng.uniform(-0.02, 0.05), rng.normal(0.01, 0.02)), bar)]


def loose_five(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 5 whose bar stands apart: beside, above or across the body."""
    x = rng.uniform(0, 0.15)
    start = (x + rng.uniform(-0.06, 0.3), rng.uniform(-0.14, 0.06))
    bar = curve(start, (start[0] + rng.uniform(0.2, 0.6), start[1] + rng.normal(-0.02, 0.06)))
    return [_five_body(rng, x), bar]


def curved_five(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 5 in one soft stroke, nearly an S."""
    top = curve((rng.uniform(0.45, 0.75), rng.uniform(-0.04, 0.1)), (0.25, rng.uniform(0, 0.08)))
    neck = curve((rng.uniform(0, 0.1), rng.uniform(0.2, 0.32)), (0.14, rng.uniform(0.4, 0.48)))
    belly = arc(0.2, 0.71, rng.uniform(0.22, 0.38), 0.29, -55, rng.uniform(110, 170))
    return [[*top, *neck, *belly]]


def six(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 6 from the upper right down and round; its loop closes, overlaps or stays open."""
    high, wide = rng.uniform(0.17, 0.32), rng.uniform(0.16, 0.34)
    top = (wide + rng.uniform(-0.08, 0.35), rng.uniform(-0.05, 0.06))
    back = (rng.uniform(0.02, 0.16), rng.uniform(0.28, 0.42))
    loop = arc(wide, 1 - high, wide, high, -180, -180 - rng.uniform(280, 400))
    return [[(*top, False), (*back, False), *loop]]


def straight_six(rng: np.random.Generator) -> list[Stroke]:
    high, wide = rng.uniform(0.18, 0.28), rng.uniform(0.18, 0.32)
    stem = curve((rng.uniform(0, 0.5), 0), (rng.uniform(-0.02, 0.12), 0.5))
    return [[*stem, *arc(wide, 1 - high, wide, high, -180, -180 - rng.uniform(300, 380))]]


def curled_six(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 6 that ends inside its own loop and curls over at the top."""
    high, wide = rng.uniform(0.2, 0.3), rng.uniform(0.22, 0.34)
    top = curve((wide + rng.uniform(0.15, 0.35), rng.uniform(0.04, 0.18)), (wide + 0.1, rng.uniform(-0.04, 0.03)))
    loop = arc(wide, 1 - high, wide, high, -170, -170 - rng.uniform(270, 330))
    return [[*top, (0.08, 0.3, False), *loop, (wide * rng.uniform(0.5, 1), 1 - high * rng.uniform(0.8, 1.3), False)]]


def seven(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 7 with or without a hook at the left; its stem is straight or bowed."""
    wide, foot = rng.uniform(0.37, 0.68), rng.uniform(0.0, 0.32)
    bar = [(rng.normal(0, 0.03), rng.normal(0.03, 0.03), False), (wide * 0.5, rng.normal(0, 0.03), False)]
    if rng.random() < 0.4:
        bar.insert(0, (rng.uniform(-0.06, 0.06), rng.uniform(0.1, 0.38), False))
        bar[1] = (bar[1][0], bar[1][1], bool(rng.random() < 0.6))
    corner = (wide, rng.normal(0, 0.03), bool(rng.random() < 0.75))
    bow = rng.normal(-0.03, 0.06)
    return [[*bar, corner, ((wide + foot) / 2 + bow, 0.5, False), (foot, 1, False)]]


def crossed_seven(rng: np.random.Generator) -> list[Stroke]:
    whole = seven(rng)[0]
    (corner_x, _, _), (foot_x, _, _) = whole[-3], whole[-1]
    at = rng.uniform(0.35, 0.65)
    x = corner_x + (foot_x - corner_x) * at
    left, right, tilt = rng.uniform(0.1, 0.36), rng.uniform(0.1, 0.36), rng.normal(0.02, 0.05)
    return [whole, curve((x - left, at + tilt), (x, at + rng.normal(0, 0.02)), (x + right, at - tilt))]


def round_seven(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 7 arched like a 2 without its base, mostly crossed; its foot is straight or curls to the left."""
    wide, high, foot = rng.uniform(0.16, 0.3), rng.uniform(0.1, 0.24), rng.uniform(0.0, 0.26)
    head = arc(0.26, high, wide, high, rng.uniform(-215, -150), rng.uniform(-10, 30))
    corner, _, _ = head[-1]
    stem = [((corner + foot) / 2 + rng.normal(0, 0.03), 0.62, False), (foot, 1.0, False)]
    if rng.random() < 0.2:
        stem.append((foot - rng.uniform(0.1, 0.25), rng.uniform(0.88, 1.0), False))
    if rng.random() < 0.25:
        return [[*head, *stem]]
    at = rng.uniform(0.42, 0.68)
    x, tilt = corner + (foot - corner) * at, rng.normal(0.01, 0.05)
    return [[*head, *stem], line((x - rng.uniform(0.12, 0.36), at + tilt), (x + rng.uniform(0.12, 0.4), at - tilt))]


def looped_seven(rng: np.random.Generator) -> list[Stroke]:
    """Draw a crossed 7 whose sagging bar turns into the stem by a loop."""
    wide, sag, top = rng.uniform(0.5, 0.75), rng.uniform(0.08, 0.28), rng.uniform(-0.03, 0.1)
    across = curve((0, rng.uniform(-0.05, 0.12)), (wide * 0.3, sag), (wide * 0.7, sag), (wide, top + 0.08))
    x = wide * rng.uniform(0.5, 0.8)
    loop = curve((wide - 0.02, top - 0.03), (wide - 0.12, top), (x, sag + 0.1))
    foot, at = x - rng.uniform(-0.04, 0.3), rng.uniform(0.45, 0.72)
    reach, tilt = rng.uniform(0.15, 0.4), rng.normal(0.02, 0.05)
    middle = x + (foot - x) * at
    return [
        [*across, *loop, ((x + foot) / 2, 0.6, False), (foot, 1, False)],
        line((middle - reach, at + tilt), (middle + rng.uniform(0.12, 0.4), at - tilt)),
    ]


def eight(rng: np.random.Generator) -> list[Stroke]:
    """Draw an 8 as an S from the top and back up, ending at the start, short of it or past it."""
    waist, upper, lower = rng.uniform(0.36, 0.58), rng.uniform(0.1, 0.32), rng.uniform(0.12, 0.38)
    start = rng.uniform(-75, 10)
    middle = 0.3
    top = waist / 2
    head = arc(middle, top, upper, top, start, -230)
    high = (1 - waist) / 2
    belly = arc(middle, 1 - high, lower, high, -40, 225)
    end = np.radians(start + rng.uniform(-40, 25))
    miss = rng.uniform(-0.05, 0.14) if rng.random() < 0.5 else 0.0
    back = curve((middle + upper * 0.7, waist - top * 0.45),
                  (middle + upper * float(np.cos(end)) + miss, top + top * float(np.sin(end))))  # fmt: skip
    return [[*head, *belly, *back]]


def stacked_eight(rng: np.random.Generator) -> list[Stroke]:
    """Draw two rings that touch, or nearly."""
    waist = rng.uniform(0.38, 0.54)
    gap = rng.uniform(-0.05, 0.02)
    upper, lower = rng.uniform(0.15, 0.3), rng.uniform(0.2, 0.36)
    x = rng.normal(0, 0.03)
    first = arc(x, waist / 2, upper, waist / 2, 80, 80 - rng.uniform(345, 385))
    second = arc(0, (1 + waist + gap) / 2, lower, (1 - waist - gap) / 2, -90, -90 - rng.uniform(340, 385))
    return [first, second]


def open_eight(rng: np.random.Generator) -> list[Stroke]:
    """Draw an S and a straight stroke back; the top stays open."""
    wide = rng.uniform(0.18, 0.32)
    s = curve((0.3 + wide, rng.uniform(0.05, 0.16)), (0.3, 0), (0.3 - wide, 0.2), (0.3, rng.uniform(0.4, 0.5)),
               (0.3 + wide, 0.75), (0.3, 1), (0.3 - wide, 0.78))  # fmt: skip
    gap = rng.uniform(0.0, 0.3)
    return [[*s, (0.3 + wide * rng.uniform(0.6, 1.1) + gap * 0.5, rng.uniform(0.05, 0.2) + gap * 0.3, False)]]


def _nine_ring(rng: np.random.Generator) -> tuple[Stroke, float, float]:
    """Return the ring, from its upper right all round, and the point where the stem begins.

    The ring may stay open at the top.
    """
    wide, high = rng.uniform(0.16, 0.32), rng.uniform(0.17, 0.31)
    start = rng.uniform(-95, 20)
    return arc(wide, high, wide, high, start, -340 - rng.uniform(-20, 30)), 2 * wide, high


def nine(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 9 with a straight stem, upright or leaning."""
    ring, x, y = _nine_ring(rng)
    foot = (x - rng.uniform(-0.05, 0.28), 1.0)
    top = (x + rng.normal(0.01, 0.02), y - rng.uniform(0.0, 0.15), True)
    return [[*ring, top, ((x + foot[0]) / 2 + rng.uniform(-0.02, 0.05), 0.6, False), (*foot, False)]]


def hooked_nine(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 9 whose stem bends to the left at its foot, slightly or in a full curl as in a g."""
    ring, x, y = _nine_ring(rng)
    low = rng.uniform(0.8, 0.95)
    tail = curve((x - rng.uniform(0.05, 0.16), low), (x - rng.uniform(0.2, 0.34), 1.0),
                  (x - rng.uniform(0.36, 0.65), rng.uniform(0.82, 1.0)))  # fmt: skip
    if rng.random() < 0.3:
        tail.append((x - rng.uniform(0.5, 0.7), rng.uniform(0.7, 0.82), False))
    top = (x + rng.normal(0.01, 0.02), y - rng.uniform(0.0, 0.12), bool(rng.random() < 0.6))
    return [[*ring, top, (x + rng.normal(0, 0.03), 0.6, False), *tail]]


def _tail(rng: np.random.Generator, x: float) -> Stroke:
    """Draw a stem down from the ring's right side at `x`, bending to the left."""
    return curve(
        (x + rng.normal(0, 0.03), 0.65),
        (x - rng.uniform(0.06, 0.2), rng.uniform(0.84, 0.96)),
        (x - rng.uniform(0.25, 0.8), rng.uniform(0.74, 1.0)),
    )


def open_nine(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 9 whose ring ends lower than it begins, which leaves a gap at the upper right, nearly as in an S."""
    wide, high = rng.uniform(0.18, 0.34), rng.uniform(0.18, 0.3)
    ring = arc(wide, high, wide, high, rng.uniform(-100, -35), -rng.uniform(310, 350))
    x, y, _ = ring[-1]
    rise = (x + rng.uniform(0.0, 0.08), y - rng.uniform(0.0, 0.16), bool(rng.random() < 0.6))
    return [[*ring, rise, *_tail(rng, rise[0])]]


def cup_nine(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 9 as a y or a g is written: a cup, then a bent stem."""
    low, wide = rng.uniform(0.36, 0.54), rng.uniform(0.34, 0.56)
    lid = rng.uniform(-0.06, 0.2)  # overhang that closes the cup
    cup = curve(
        (rng.uniform(0, 0.1) + max(lid, 0), 0.02), (0, low * 0.55), (wide * 0.45, low), (wide * 0.92, low * 0.6)
    )
    top = (wide + rng.normal(0.01, 0.02), rng.uniform(-0.04, 0.14), True)
    return [[*cup, top, *_tail(rng, wide)]]


def spiral_nine(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 9 without a corner: the ring runs into the stem."""
    wide, high = rng.uniform(0.18, 0.3), rng.uniform(0.18, 0.3)
    inner = rng.uniform(0, 60)
    ring = arc(wide, high, wide, high, inner, -350)
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


def left_nine(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 9 clockwise, with a stem down from the ring's left side, as in a rho."""
    wide, high = rng.uniform(0.14, 0.32), rng.uniform(0.15, 0.28)
    ring = arc(wide, high, wide, high, rng.uniform(100, 200), 450 + rng.uniform(10, 75))
    x, y, _ = ring[-1]
    foot = (x + rng.uniform(-0.16, 0.1), 1.0)
    tail = curve(((x + foot[0]) / 2 + rng.normal(0, 0.02), (y + 1) / 2), foot)
    if rng.random() < 0.2:
        tail.append((foot[0] - rng.uniform(0.08, 0.25), rng.uniform(0.88, 1.0), False))
    if rng.random() < 0.25:  # the pen starts beside the ring
        lead = (-rng.uniform(0.05, 0.25), high * rng.uniform(1.2, 2.2), False)
        ring.insert(0, lead)
    return [[*ring[:-1], (x, y, bool(rng.random() < 0.6)), *tail]]


STYLES_5_TO_9: tuple[WeightedStyles, ...] = (
    ((0.4, five), (0.4, loose_five), (0.2, curved_five)),
    ((0.45, six), (0.25, straight_six), (0.3, curled_six)),
    ((0.3, seven), (0.46, crossed_seven), (0.2, round_seven), (0.08, looped_seven)),
    ((0.5, eight), (0.2, stacked_eight), (0.3, open_eight)),
    (
        (0.2, nine),
        (0.25, hooked_nine),
        (0.1, spiral_nine),
        (0.16, open_nine),
        (0.12, cup_nine),
        (0.17, left_nine),
    ),
)
