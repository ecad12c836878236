"""Negatives, which are not a digit: letters, signs, scribbles, cut digits, joined digits, textures.

Letters that look like a digit (O, I, S, ...) are left out: labelling them "not a digit" would teach the
network to doubt real digits.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.training.synthesis.alphabet import LETTERS, SIGNS
from mlcore.training.synthesis.pen import Hand, draw_strokes, random_hand
from mlcore.training.synthesis.signs import draw_sign

Floats = NDArray[np.float32]
DrawDigit = Callable[[int, np.random.Generator], Floats]  # returns a digit's ink, any size, 0..1

FAMILIES: tuple[tuple[str, float], ...] = (
    ("letter", 0.39), ("joined", 0.18), ("cut", 0.12), ("sign", 0.1), ("scribble", 0.08), ("texture", 0.05),
    ("block", 0.04), ("fragments", 0.04),
)  # fmt: skip
UNLIKE_DIGITS = tuple("-+%$€£:")  # signs of numbers that look like no digit even where they stand alone
_LEFT_HALF_IS_NEGATIVE = (0, 2, 3, 4, 5, 6, 8)  # not 9: with its stem at the left, half of it is a 1
_RIGHT_HALF_IS_NEGATIVE = (2, 5, 6)  # not the others: half a 3 or 8 is a 3, half a 4, 7 or 9 is a 1


def write_negative(rng: np.random.Generator, draw_digit: DrawDigit) -> Floats:
    """Return the ink of a negative, (H, W) float32 0..1; `draw_digit` supplies digits to cut and to join."""
    names, shares = zip(*FAMILIES, strict=True)
    family = rng.choice(names, p=shares)
    if family == "letter":
        return write_letter(str(rng.choice(list(LETTERS))), rng)
    if family == "joined":
        return join_digits([draw_digit(int(rng.integers(10)), rng) for _ in range(rng.choice([2, 2, 2, 3]))], rng)
    if family == "cut":
        return _write_half_digit(rng, draw_digit)
    if family == "sign":
        if rng.random() < 0.4:
            return draw_sign(str(rng.choice(UNLIKE_DIGITS)), random_hand(rng), rng).ink
        return write_sign(str(rng.choice(list(SIGNS))), rng)
    draw = {"scribble": draw_scribble, "texture": draw_texture, "block": draw_block, "fragments": draw_fragments}
    return draw[str(family)](rng)


def write_letter(letter: str, rng: np.random.Generator, hand: Hand | None = None) -> Floats:
    return draw_strokes(str(rng.choice(LETTERS[letter])), hand or random_hand(rng), rng)


def write_sign(name: str, rng: np.random.Generator, hand: Hand | None = None) -> Floats:
    return draw_strokes(str(rng.choice(SIGNS[name])), hand or random_hand(rng), rng)


def draw_scribble(rng: np.random.Generator) -> Floats:
    hand = random_hand(rng)
    count = int(rng.integers(6, 30))
    points = rng.uniform(0, 1, (count, 2))
    if rng.random() < 0.4:  # to and fro, as people strike out a mistake
        points[:, 0] = np.linspace(0, 1, count) + rng.normal(0, 0.05, count)
        points[:, 1] = (np.arange(count) % 2) + rng.normal(0, 0.15, count)
    bend = "!" if rng.random() < 0.3 else ""
    return draw_strokes(" ".join(f"{x:.2f},{y:.2f}{bend}" for x, y in points), hand, rng)


def draw_texture(rng: np.random.Generator) -> Floats:
    """Return a texture as noise, photographs, codes and print leave where they are mistaken for ink."""
    side = int(rng.integers(24, 64))
    cells = int(rng.integers(4, side))
    interpolation = cv2.INTER_NEAREST if rng.random() < 0.4 else cv2.INTER_CUBIC
    patches = _draw_patches((side, side), cells, rng.uniform(0.3, 0.75), interpolation, rng)
    return np.asarray(np.pad(patches, 2), np.float32)


def draw_block(rng: np.random.Generator) -> Floats:
    """Return a filled shape too wide for a 1, as objects and closely printed pages leave; edges vary."""
    height = int(rng.integers(24, 64))
    width = round(height * rng.uniform(0.6, 1.8))
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    squareness = rng.choice([2, 2, 4, 40])  # an ellipse, rounded, a rectangle
    ragged = rng.uniform(0, 0.3) * (rng.random(y.shape) if rng.random() < 0.5 else rng.random((height, 1)))
    filled = np.abs(x) ** squareness + np.abs(y) ** squareness < (1 - ragged) ** squareness
    shade = 1 - rng.uniform(0, 0.8) * (x * rng.uniform(-1, 1) + y * rng.uniform(-1, 1) + 2) / 4
    return np.asarray(np.pad(filled * shade, 2), np.float32)


def draw_fragments(rng: np.random.Generator) -> Floats:
    """Return a few patches with an empty middle, as the shades of an object leave."""
    height, width = (int(side) for side in rng.integers(24, 64, 2))
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    patches = _draw_patches((height, width), int(rng.integers(3, 7)), rng.uniform(0.45, 0.65), cv2.INTER_CUBIC, rng)
    hollow = np.hypot(x - rng.uniform(-0.4, 0.4), y - rng.uniform(-0.4, 0.4)) > rng.uniform(0.3, 0.8)
    return np.asarray(np.pad(patches * hollow, 2), np.float32)


def _draw_patches(
    size: tuple[int, int], cells: int, threshold: float, interpolation: int, rng: np.random.Generator
) -> Floats:
    """Return random patches of 0 and 1: noise of `cells` by `cells`, enlarged and cut at `threshold`."""
    coarse = rng.random((cells, cells), np.float32)
    return np.asarray(cv2.resize(coarse, size[::-1], interpolation=interpolation) > threshold, np.float32)


def cut_side(ink: Floats, share: float, *, keep_left: bool) -> Floats:
    """Keep only the left or right `share` of a digit."""
    columns = np.flatnonzero(ink.max(axis=0) > 0.3)
    at = int(columns[0] + share * (columns[-1] + 1 - columns[0]))
    part = ink.copy()
    if keep_left:
        part[:, at:] = 0
    else:
        part[:, : int(columns[0] + columns[-1] + 1 - at)] = 0
    return part


def join_digits(digits: list[Floats], rng: np.random.Generator) -> Floats:
    """Set the digits side by side, touching or overlapping a little."""
    height = int(rng.integers(32, 64))
    row = np.zeros((height + 16, 4), np.float32)
    for digit in digits:
        digit_height = max(8, int(height * rng.uniform(0.8, 1)))
        glyph = _resize(trim(digit), digit_height)
        lap = min(int(rng.uniform(-0.03, 0.15) * digit_height), row.shape[1], glyph.shape[1])
        joined = np.zeros((height + 16, row.shape[1] + glyph.shape[1] - lap), np.float32)
        joined[:, : row.shape[1]] = row
        top = int(rng.integers(0, height + 17 - digit_height))
        place = joined[top : top + digit_height, joined.shape[1] - glyph.shape[1] :]
        np.maximum(place, glyph, out=place)
        row = joined
    return np.pad(trim(row), 2)


def _write_half_digit(rng: np.random.Generator, draw_digit: DrawDigit) -> Floats:
    keep_left = bool(rng.random() < 0.6)
    digit = int(rng.choice(_LEFT_HALF_IS_NEGATIVE if keep_left else _RIGHT_HALF_IS_NEGATIVE))
    return cut_side(draw_digit(digit, rng), rng.uniform(0.35, 0.52), keep_left=keep_left)


def trim(ink: Floats) -> Floats:
    """Crop to the visible ink; ink that is too faint throughout comes back as it is."""
    rows, columns = (np.flatnonzero(ink.max(axis=axis) > 0.2) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] if len(rows) else ink


def _resize(ink: Floats, height: int) -> Floats:
    width = max(2, round(ink.shape[1] * height / ink.shape[0]))
    interpolation = cv2.INTER_AREA if height < ink.shape[0] else cv2.INTER_CUBIC
    return np.asarray(np.clip(cv2.resize(ink, (width, height), interpolation=interpolation), 0, 1), np.float32)
