"""Styles of writing the digits 0 to 4, each as a function that draws its measures anew."""

import numpy as np

from mlcore.training.synthesis.strokes import Stroke, WeightedStyles, arc, curve, end_sharply, line


def zero(rng: np.random.Generator) -> list[Stroke]:
    """Draw an oval, from well open to overlapping itself."""
    wide, start = rng.uniform(0.2, 0.45), rng.uniform(-140, -30)
    way = -1 if rng.random() < 0.8 else 1
    oval = arc(wide, 0.5, wide, 0.5, start, start + way * rng.uniform(325, 400))
    drift = rng.uniform(-0.08, 0.08)  # distance between end and beginning
    return [[(x + drift * i / len(oval), y, bend) for i, (x, y, bend) in enumerate(oval)]]


def curled_zero(rng: np.random.Generator) -> list[Stroke]:
    """Draw an oval whose pen stroke starts inside it, or ends in a curl at the top."""
    wide = rng.uniform(0.25, 0.42)
    oval = arc(wide, 0.5, wide, 0.5, -70, -70 - rng.uniform(350, 380))
    lead = (wide + rng.uniform(0.05, 0.3), rng.uniform(-0.12, 0.12))
    if rng.random() < 0.5:
        lead = (wide * rng.uniform(0.4, 1.3), rng.uniform(0.1, 0.45))
    return [[*oval, (*lead, False)]] if rng.random() < 0.5 else [[(*lead, False), *oval]]


def slashed_zero(rng: np.random.Generator) -> list[Stroke]:
    wide = rng.uniform(0.25, 0.45)
    over = rng.uniform(-0.15, 0.15)
    slash = line((2 * wide + over, rng.uniform(-0.05, 0.25)), (-over, rng.uniform(0.75, 1.05)))
    return [arc(wide, 0.5, wide, 0.5, -80, -80 - rng.uniform(345, 380)), slash]


def bare_one(rng: np.random.Generator) -> list[Stroke]:
    return [curve((rng.normal(0, 0.05), 0), (rng.normal(0, 0.02), 0.5), (rng.normal(0, 0.05), 1))]


def _flag(rng: np.random.Generator) -> Stroke:
    """Draw the upstroke to the top of the stem, from very short to nearly as long as the stem."""
    reach = rng.uniform(0.1, 0.5) if rng.random() < 0.7 else rng.uniform(0.4, 0.85)
    drop = min(reach * rng.uniform(0.6, 2.2), 0.85)  # a flatter flag makes it a 7
    bow = rng.uniform(-0.06, 0.06)
    return [(-reach, drop, False), (-reach / 2 + bow, drop / 2 + bow, False), (0, 0, True)]


def flagged_one(rng: np.random.Generator) -> list[Stroke]:
    stem = [*_flag(rng), (rng.normal(0, 0.03), 0.5, False), (rng.normal(0, 0.06), 1, False)]
    if rng.random() < 0.12:  # ends in a short upstroke
        stem.append((rng.uniform(0.08, 0.28), rng.uniform(0.86, 1.0), False))
    return [stem]


def peaked_one(rng: np.random.Generator) -> list[Stroke]:
    """Draw an upstroke that starts at the foot of the stem, which makes nearly an inverted V."""
    reach, drop = rng.uniform(0.25, 0.75), rng.uniform(0.75, 1.05)
    up = curve((-reach, drop), (-reach * rng.uniform(0.4, 0.6), drop * rng.uniform(0.38, 0.52)))
    return [[*up, (0, 0, True), (rng.normal(0, 0.03), 0.5, False), (rng.normal(-0.02, 0.08), 1, False)]]


def looped_one(rng: np.random.Generator) -> list[Stroke]:
    """Draw an upstroke that turns into the stem by a loop, as in a handwritten l."""
    reach, size = rng.uniform(0.15, 0.5), rng.uniform(0.05, 0.13)
    up = curve((-reach, rng.uniform(0.35, 0.85)), (-reach * 0.4, rng.uniform(0.28, 0.45)))
    loop = curve((size, size), (0, 0), (-size * rng.uniform(0.4, 1.0), size * 1.2))
    return [[*up, *loop, (-size * rng.uniform(0.3, 0.8), 0.55, False), (rng.normal(0, 0.06), 1, False)]]


def footed_one(rng: np.random.Generator) -> list[Stroke]:
    stem = flagged_one(rng)[0] if rng.random() < 0.8 else bare_one(rng)[0]
    left, right, tilt = rng.uniform(0.08, 0.45), rng.uniform(0.08, 0.45), rng.normal(0, 0.04)
    at = 1 + rng.normal(0, 0.02)
    if rng.random() < 0.15:  # written without lifting the pen
        return [[*end_sharply(stem), (-left, at + tilt, True), (right, at - tilt, False)]]
    return [stem, curve((-left, at + tilt), (0, at + rng.normal(0, 0.02)), (right, at - tilt))]


def _two_head(rng: np.random.Generator) -> Stroke:
    """Draw the head: up, over, and down towards the lower left."""
    wide, high = rng.uniform(0.2, 0.36), rng.uniform(0.2, 0.32)
    return arc(0.28, high, wide, high, rng.uniform(-205, -150), rng.uniform(10, 45))


def two(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 2 with a corner at the foot and a straight or wavy base."""
    base, wave = rng.uniform(0.4, 0.85), rng.uniform(-0.05, 0.09)
    foot = (rng.uniform(-0.1, 0.06), rng.uniform(0.92, 1.02))
    belly = (0.22 + rng.normal(0, 0.04), 0.7 + rng.normal(0, 0.03))
    tail = curve((foot[0] + base * 0.45, foot[1] - wave), (foot[0] + base, foot[1] + rng.normal(0, 0.05)))
    return [[*_two_head(rng), (*belly, False), (*foot, True), *tail]]


def looped_two(rng: np.random.Generator) -> list[Stroke]:
    size = rng.uniform(0.05, 0.14)
    low = rng.uniform(0.84, 0.96)
    loop = arc(size * 0.6, low, size, size * rng.uniform(0.5, 0.9), 60, 290)
    tail = curve((rng.uniform(0.3, 0.45), rng.uniform(0.93, 1.04)), (rng.uniform(0.5, 0.85), rng.uniform(0.8, 1.02)))
    return [[*_two_head(rng), (0.25 + rng.normal(0, 0.03), 0.68, False), *loop, *tail]]


def curled_two(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 2 whose head is a ring, or nearly one."""
    wide, high = rng.uniform(0.14, 0.3), rng.uniform(0.16, 0.28)
    head = arc(0.28, high, wide, high, rng.uniform(-330, -215), rng.uniform(10, 50))
    foot = (rng.uniform(-0.15, 0.1), rng.uniform(0.9, 1.0))
    tail = curve((foot[0] + rng.uniform(0.2, 0.35), rng.uniform(0.88, 1.02)),
                 (foot[0] + rng.uniform(0.5, 0.9), rng.uniform(0.84, 1.04)))  # fmt: skip
    if rng.random() < 0.5:  # a loop at the foot as well
        size = rng.uniform(0.04, 0.11)
        return [[*head, *arc(foot[0] + size, foot[1] - size / 2, size, size * 0.6, 60, 290), *tail]]
    return [[*head, (*foot, True), *tail]]


def angular_two(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 2 like a Z with a bent neck."""
    top = curve((rng.uniform(-0.05, 0.1), rng.uniform(0.02, 0.25)), (0.28, rng.uniform(-0.04, 0.02)))
    neck = (rng.uniform(0.45, 0.58), rng.uniform(0.1, 0.28), False)
    foot, base = (rng.uniform(-0.08, 0.06), 1.0, True), rng.uniform(0.4, 0.8)
    return [[*top, neck, foot, (foot[0] + base, 1 + rng.normal(0, 0.04), False)]]


def _three_belly(rng: np.random.Generator, middle: float) -> Stroke:
    """Draw the lower bow, from the waist round to the lower left; its end curls in or runs out below."""
    high = (1 - middle) / 2
    end = rng.uniform(120, 190)
    return arc(0.2, middle + high, rng.uniform(0.22, 0.42), high, -70, end)


def three(rng: np.random.Generator) -> list[Stroke]:
    middle = rng.uniform(0.36, 0.52)
    head = arc(0.2, middle / 2, rng.uniform(0.18, 0.34), middle / 2, rng.uniform(-200, -140), 60)
    waist = (rng.uniform(0.02, 0.24), middle + rng.normal(0, 0.02), rng.random() < 0.65)
    return [[*head, waist, *_three_belly(rng, middle)]]


def flat_three(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 3 with a straight top and a straight stroke to the waist, as in older scripts."""
    wide, middle = rng.uniform(0.35, 0.6), rng.uniform(0.34, 0.46)
    top = line((rng.uniform(-0.08, 0.06), rng.normal(0.03, 0.03)), (wide, rng.normal(0, 0.03)))
    waist = (rng.uniform(0.08, 0.26), middle, rng.random() < 0.7)
    return [[*top, waist, *_three_belly(rng, middle)]]


def looped_three(rng: np.random.Generator) -> list[Stroke]:
    middle, size = rng.uniform(0.4, 0.5), rng.uniform(0.03, 0.09)
    head = arc(0.22, middle / 2, rng.uniform(0.18, 0.32), middle / 2, rng.uniform(-190, -150), 55)
    return [[*head, *arc(0.1, middle, size * 1.4, size, 60, 300), *_three_belly(rng, middle)]]


def open_four(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 4 with an open top: an angle, sharp or round, and a separate stem."""
    bar = rng.uniform(0.5, 0.75)
    lean, corner = rng.uniform(0, 0.3), rng.uniform(-0.05, 0.05)
    reach = rng.uniform(0.5, 0.85)
    first = [(lean, rng.uniform(-0.05, 0.15), False), (corner, bar, bool(rng.random() < 0.75)),
             (reach, bar + rng.normal(0, 0.05), False)]  # fmt: skip
    x, top = reach * rng.uniform(0.5, 0.8), rng.uniform(0.0, 0.5)
    return [first, line((x + rng.normal(0.02, 0.03), top), (x + rng.normal(0, 0.04), 1))]


def closed_four(rng: np.random.Generator) -> list[Stroke]:
    """Draw a triangle and a stem, in one stroke or two."""
    stem, bar = rng.uniform(0.38, 0.55), rng.uniform(0.55, 0.78)
    reach = stem + rng.uniform(0.04, 0.32)
    left = rng.uniform(-0.06, 0.08)
    top = stem + rng.normal(0, 0.04)
    if rng.random() < 0.5:
        begin = (top + rng.normal(0, 0.04), rng.uniform(-0.02, 0.1))
        angle = line((top, 0), (left, bar), (reach, bar + rng.normal(0, 0.04)))
        return [angle, line(begin, (stem + rng.normal(0, 0.03), 1))]
    return [line((stem, 1), (top, 0), (left, bar), (reach, bar + rng.normal(0, 0.04)))]


def bowed_four(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 4 that is round at the left and pointed at the top; only its point and bar tell it from a 9."""
    x, bar = rng.uniform(0.34, 0.56), rng.uniform(0.42, 0.7)
    top = rng.uniform(-0.02, 0.1)
    bow = curve((x + rng.uniform(-0.06, 0.06), top), (x * 0.4, bar * 0.5), (rng.normal(0, 0.03), bar * 0.92))
    bar_end = (x + rng.uniform(0.0, 0.25), bar + rng.normal(0, 0.04), False)
    begin = (x + rng.normal(0, 0.03), top + rng.uniform(-0.05, 0.25))
    return [
        [*bow, (x * 0.4, bar + rng.uniform(-0.02, 0.04), False), bar_end],
        line(begin, (x - rng.uniform(-0.06, 0.14), 1)),
    ]


def lightning_four(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 4 like a flash of lightning: its stem hangs from the bar and hardly rises above it."""
    bar, reach = rng.uniform(0.42, 0.8), rng.uniform(0.35, 0.7)
    corner = (rng.normal(0, 0.03), bar, bool(rng.random() < 0.7))
    first = [(rng.uniform(0.1, 0.5), 0, False), corner, (reach, bar + rng.normal(-0.02, 0.05), False)]
    x = reach * rng.uniform(0.5, 1.05)
    stem = line((x + rng.uniform(0, 0.08), bar - rng.uniform(0.02, 0.32)), (x - rng.uniform(0, 0.12), 1))
    return [[*end_sharply(first), *stem]] if x > 0.9 * reach else [first, stem]


def cup_four(rng: np.random.Generator) -> list[Stroke]:
    """Draw a cup and a long stem, in one stroke or two."""
    low, wide = rng.uniform(0.4, 0.62), rng.uniform(0.3, 0.52)
    cup = curve(
        (rng.uniform(-0.03, 0.1), rng.uniform(-0.03, 0.15)), (0, low * 0.75), (wide * 0.4, low), (wide, low * 0.8)
    )
    top = rng.uniform(-0.08, 0.15)
    stem = line((wide + rng.normal(0.02, 0.03), top), (wide - rng.uniform(-0.06, 0.12), 1))
    return [[*end_sharply(cup), *stem]] if rng.random() < 0.5 else [cup, stem]


def looped_four(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 4 in one stroke whose bar turns into the stem by a loop."""
    bar, reach = rng.uniform(0.5, 0.7), rng.uniform(0.45, 0.65)
    top = rng.uniform(0.15, 0.45)
    stroke = [(rng.uniform(0.1, 0.4), 0.0, False), (0, bar, bool(rng.random() < 0.6)), (reach * 0.5, bar + 0.02, False)]
    loop = curve((reach, bar - 0.08), (reach + 0.02, top), (reach - 0.08, top + 0.1), (reach * 0.55, 1))
    return [[*stroke, *loop]]


def swung_four(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 4 with a loop at its left corner, before the bar."""
    bar, reach = rng.uniform(0.5, 0.68), rng.uniform(0.6, 1.0)
    wide, sink = rng.uniform(0.08, 0.2), rng.uniform(0.06, 0.18)
    down = [(rng.uniform(0.3, 0.55), 0.0, False), (wide, bar - 0.12, False), (0.0, bar + sink / 2, False)]
    loop = curve((wide * 0.6, bar + sink), (wide * 1.8, bar - 0.02), (wide * 2.6, bar - rng.uniform(0.08, 0.2)))
    end = curve((reach * 0.6, bar - rng.uniform(-0.06, 0.1)), (reach, bar - rng.uniform(-0.06, 0.12)))
    x = reach * rng.uniform(0.55, 0.85)
    return [[*down, *loop, *end], line((x + rng.uniform(0, 0.1), rng.uniform(0.1, 0.4)), (x - rng.uniform(0, 0.1), 1))]


STYLES_0_TO_4: tuple[WeightedStyles, ...] = (
    ((0.62, zero), (0.2, curled_zero), (0.18, slashed_zero)),
    ((0.14, bare_one), (0.36, flagged_one), (0.2, peaked_one), (0.08, looped_one), (0.22, footed_one)),
    ((0.36, two), (0.28, looped_two), (0.2, curled_two), (0.16, angular_two)),
    ((0.55, three), (0.3, flat_three), (0.15, looped_three)),
    (
        (0.18, open_four),
        (0.18, closed_four),
        (0.16, bowed_four),
        (0.2, lightning_four),
        (0.2, cup_four),
        (0.08, looped_four),
        (0.07, swung_four),
    ),
)
