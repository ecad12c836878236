"""Styles of single hands that are often mistaken for another digit, each as a function that draws its measures anew."""

import numpy as np

from mlcore.training.synthesis.strokes import Stroke, WeightedStyles, arc, curve, end_sharply, line


def square_zero(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 0 with four corners, as people fill printed boxes; corners are sharp or round."""
    wide, sharp = rng.uniform(0.42, 0.8), rng.uniform(0, 1)
    corners = [(0, 0), (0, 1), (wide, 1), (wide, 0)]
    placed = [(x + rng.normal(0, 0.04), y + rng.normal(0, 0.03), bool(rng.random() < sharp)) for x, y in corners]
    x, y, _ = placed[0]
    begin = (x + rng.uniform(-0.06, 0.1), y + rng.uniform(-0.06, 0.06), False)
    return [[begin, *placed[1:], (x + rng.uniform(-0.08, 0.04), y + rng.uniform(-0.04, 0.08), False)]]


def long_flagged_one(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 1 whose upstroke is nearly as long as the stem, bowed or straight; the stem leans or hooks."""
    reach = rng.uniform(0.3, 0.75)
    drop = rng.uniform(0.55, 1.0)
    bow = rng.uniform(-0.1, 0.1)
    up = curve((-reach, drop), (-reach * 0.55 + bow, drop * 0.5 + bow / 2))
    foot = (rng.uniform(-0.12, 0.06), 1.0, False)
    stem = [(0.0, 0.0, True), (foot[0] / 2 + rng.normal(0, 0.03), 0.5, False), foot]
    if rng.random() < 0.2:
        stem.append((foot[0] + rng.choice([-1, 1]) * rng.uniform(0.06, 0.2), rng.uniform(0.88, 1.0), False))
    return [[*up, *stem]]


def wide_looped_one(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 1 whose upstroke and stem form a narrow loop along half of the stem."""
    reach, size = rng.uniform(0.2, 0.55), rng.uniform(0.05, 0.14)
    up = curve((-reach, rng.uniform(0.6, 0.95)), (-reach * 0.1, rng.uniform(0.35, 0.55)))
    loop = curve((size, size), (size * 0.4, 0), (-size * 0.6, size * 1.5))
    return [[*up, *loop, (-size * rng.uniform(0.2, 0.9), 0.6, False), (rng.normal(-0.02, 0.05), 1, False)]]


def loopy_two(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 2 with a curl at the head and a wide loop at the foot, in one soft stroke."""
    wide, high = rng.uniform(0.18, 0.32), rng.uniform(0.18, 0.28)
    head = arc(0.3, high, wide, high, rng.uniform(-300, -170), rng.uniform(20, 50))
    size, low = rng.uniform(0.08, 0.2), rng.uniform(0.8, 0.92)
    loop = arc(rng.uniform(0.0, 0.12), low, size, size * rng.uniform(0.5, 0.8), 30, 300)
    reach = rng.uniform(0.5, 0.9)
    tail = curve((reach * 0.55, low + rng.uniform(-0.02, 0.12)), (reach, low + rng.uniform(-0.12, 0.1)))
    return [[*head, (0.26, 0.62, False), *loop, *tail]]


def bracket_three(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 3 like a closing bracket or brace: flat bows and hardly a waist."""
    wide, middle = rng.uniform(0.18, 0.42), rng.uniform(0.4, 0.55)
    waist = wide * rng.uniform(0.45, 0.85)
    first = curve((rng.uniform(-0.05, 0.08), rng.uniform(0, 0.08)), (wide * 0.8, rng.uniform(0.02, 0.12)))
    bows = curve((wide, middle / 2), (waist, middle), (wide, (1 + middle) / 2))
    last = curve((wide * 0.75, rng.uniform(0.9, 0.98)), (rng.uniform(-0.06, 0.08), rng.uniform(0.93, 1.0)))
    if rng.random() < 0.4:
        bows[1] = (waist, middle, True)
    return [[*first, *bows, *last]]


def hook_four(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 4 in one stroke: down, a round hook to the right, up to the stem and down."""
    bar, reach = rng.uniform(0.45, 0.66), rng.uniform(0.3, 0.55)
    top = rng.uniform(-0.04, 0.3)
    hook = curve(
        (rng.uniform(0, 0.15), rng.uniform(0, 0.08)), (rng.normal(0, 0.03), bar * 0.7), (reach * 0.4, bar),
        (reach * 0.85, bar * rng.uniform(0.7, 0.9)),
    )  # fmt: skip
    turn = (reach + rng.normal(0.02, 0.02), top, bool(rng.random() < 0.5))
    foot = (reach - rng.uniform(-0.05, 0.15), 1.0, False)
    return [[*hook, turn, ((turn[0] + foot[0]) / 2, 0.6, False), foot]]


def open_flash_four(rng: np.random.Generator) -> list[Stroke]:
    """Draw a flash of lightning in one stroke, with a steep first line and a short bar, sharp or soft."""
    bar, reach = rng.uniform(0.36, 0.74), rng.uniform(0.26, 0.64)
    sharp = bool(rng.random() < 0.6)
    rise = rng.uniform(-0.04, 0.2)
    first = [(rng.uniform(0.05, 0.4), 0.0, False), (rng.normal(0, 0.03), bar, sharp), (reach, bar - rise, sharp)]
    return [[*first, (reach - rng.uniform(0.02, 0.25), 1.0, False)]]


def root_five(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 5 like a root sign: a small bow or hook low down at the left, and a long bar to the right."""
    neck, wide = rng.uniform(0.45, 0.7), rng.uniform(0.1, 0.3)
    high = (1 - neck) / 2 + 0.03
    belly = arc(wide * 0.7, 1 - high, wide, high, rng.uniform(-120, -60), rng.uniform(70, 165))
    x = rng.uniform(0.04, 0.3)
    end = x + rng.uniform(0.4, 0.9)
    bar = [(end, rng.normal(-0.02, 0.05), False), (x, rng.normal(0.02, 0.02), True)]
    return [[*bar, (x - rng.uniform(0.0, 0.18), neck, bool(rng.random() < 0.8)), *belly]]


def ticked_five(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 5 exactly like a root sign: a tick at the lower left, a stem up and a long bar."""
    low, x = rng.uniform(0.05, 0.2), rng.uniform(0.15, 0.4)
    tick = curve((-rng.uniform(0.02, 0.22), rng.uniform(0.6, 0.85)), (low * 0.5, rng.uniform(0.86, 0.97)))
    stem = [(low, 1.0, bool(rng.random() < 0.6)), ((low + x) / 2 + rng.normal(0.02, 0.03), 0.5, False), (x, 0.0, True)]
    return [[*tick, *stem, (x + rng.uniform(0.4, 0.8), rng.normal(-0.02, 0.05), False)]]


def low_crossed_seven(rng: np.random.Generator) -> list[Stroke]:
    """Draw a rounded 7 with a bar low on its stem, whose foot may end in a hook."""
    wide, high, foot = rng.uniform(0.18, 0.32), rng.uniform(0.1, 0.22), rng.uniform(0.0, 0.22)
    head = arc(0.28, high, wide, high, rng.uniform(-220, -150), rng.uniform(-5, 30))
    corner, _, _ = head[-1]
    stem = [((corner + foot) / 2 + rng.normal(0, 0.03), 0.6, False), (foot, rng.uniform(0.94, 1.0), False)]
    if rng.random() < 0.35:
        reach = rng.uniform(0.1, 0.42)
        stem += curve((foot + reach * 0.4, 1.0), (foot + reach, rng.uniform(0.82, 0.96)))
    at = rng.uniform(0.55, 0.84)
    x, tilt = corner + (foot - corner) * at, rng.normal(0.02, 0.05)
    return [[*head, *stem], line((x - rng.uniform(0.14, 0.36), at + tilt), (x + rng.uniform(0.14, 0.4), at - tilt))]


def deep_hooked_seven(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 7 that begins with a deep hook at the left, nearly half as high as the digit; often crossed."""
    wide, foot, hook = rng.uniform(0.38, 0.72), rng.uniform(0.0, 0.34), rng.uniform(0.22, 0.55)
    begin = (rng.uniform(-0.05, 0.06), hook)
    over = [(*begin, False), (rng.uniform(0.0, 0.1), rng.uniform(0.02, 0.1), bool(rng.random() < 0.5))]
    corner = (wide, rng.normal(0.02, 0.03), bool(rng.random() < 0.7))
    whole = [*over, (wide * 0.5, rng.uniform(0.0, 0.1), False), corner, ((wide + foot) / 2, 0.52, False)]
    strokes = [[*whole, (foot, 1.0, False)]]
    if rng.random() < 0.6:
        at = rng.uniform(0.4, 0.7)
        x, tilt = wide + (foot - wide) * at, rng.normal(0.02, 0.05)
        strokes.append(line((x - rng.uniform(0.1, 0.32), at + tilt), (x + rng.uniform(0.1, 0.36), at - tilt)))
    return strokes


def square_eight(rng: np.random.Generator) -> list[Stroke]:
    """Draw an 8 of straight lines: a box with a bar across, or an hourglass that is drawn in one stroke."""
    wide, waist = rng.uniform(0.4, 0.7), rng.uniform(0.4, 0.58)

    def near(x: float, y: float) -> tuple[float, float]:
        return x + rng.normal(0, 0.03), y + rng.normal(0, 0.025)

    if rng.random() < 0.5:
        box = line(near(0, 0), near(wide, 0), near(wide, 1), near(0, 1), near(0, -0.02))
        return [box, line(near(0, waist), near(wide, waist))]
    return [line(near(wide, 0), near(0, 0), near(wide, 1), near(0, 1), near(wide, rng.uniform(-0.02, 0.06)))]


def gaping_eight(rng: np.random.Generator) -> list[Stroke]:
    """Draw an 8 as an S and a stroke back up that misses the beginning, at the right or at the left."""
    wide = rng.uniform(0.16, 0.32)
    side = 1 if rng.random() < 0.75 else -1
    left, right = 0.3 - side * wide, 0.3 + side * wide
    waist = rng.uniform(0.4, 0.52)
    first = curve((0.3 + side * wide * 0.9, rng.uniform(0.08, 0.22)), (0.3, 0), (left, 0.22), (0.3, waist))
    second = curve((right, 0.76), (0.3, 1), (left, 0.78))
    cross = (0.3 + side * wide * rng.uniform(0.0, 0.3), waist + rng.uniform(-0.02, 0.06), False)
    end = (0.3 + side * wide * rng.uniform(1.1, 2.2), rng.uniform(0.1, 0.4), False)
    return [[*first, *second, cross, end]]


def swept_nine(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 9 with a small ring and a long foot: swept to the left, straight and leaning, or hooked."""
    wide, high = rng.uniform(0.07, 0.2), rng.uniform(0.08, 0.18)
    ring = arc(wide, high, wide, high, rng.uniform(-100, 0), -350 - rng.uniform(0, 30))
    x = 2 * wide
    top = (x + rng.normal(0.01, 0.02), high - rng.uniform(0.0, 0.08), bool(rng.random() < 0.5))
    kind = rng.random()
    if kind < 0.4:
        foot = curve((x - rng.uniform(0.0, 0.16), 0.6), (x - rng.uniform(0.25, 0.85), rng.uniform(0.88, 1.0)))
    elif kind < 0.65:
        end = x - rng.uniform(-0.1, 0.45)
        foot = curve(((x + end) / 2, 0.6), (end, 1.0))
    else:
        low = rng.uniform(0.9, 1.0)
        hook = (x - rng.uniform(0.4, 0.7), rng.uniform(0.68, 0.9))
        turn = (x - rng.uniform(0.08, 0.18), low - 0.06), (x - rng.uniform(0.25, 0.4), low)
        foot = curve((x + rng.normal(0, 0.03), 0.6), *turn, hook)
    return [[*(end_sharply(ring) if rng.random() < 0.3 else ring), top, *foot]]


UNUSUAL_STYLES: tuple[WeightedStyles, ...] = (  # with their frequency beside the usual ones, whose sum is about 1
    ((0.12, square_zero),),
    ((0.16, long_flagged_one), (0.08, wide_looped_one)),
    ((0.16, loopy_two),),
    ((0.14, bracket_three),),
    ((0.14, hook_four), (0.14, open_flash_four)),
    ((0.16, root_five), (0.05, ticked_five)),
    (),
    ((0.16, low_crossed_seven), (0.16, deep_hooked_seven)),
    ((0.12, square_eight), (0.14, gaping_eight)),
    ((0.26, swept_nine),),
)
