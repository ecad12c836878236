"""A pen that follows strokes the way a hand does: slanted, trembling, pressing unevenly.

A stroke is text: points `x,y` in a frame where x grows to the right, y downwards, and 0..1 is the height of
the letter; the pen passes smoothly through them, and turns sharply at a point marked `!`. Strokes of one
letter are separated by `|`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_SMOOTH = 3  # drawn this many times larger, then averaged down
_STEPS = 10  # segments between two points


@dataclass(frozen=True)
class Hand:
    """How somebody writes, in parts of the letter's height but for `height`."""

    height: float  # pixels
    width: float  # of the frame, 1 is square
    slant: float  # shift to the right from bottom to top
    turn: float  # radians
    pen: float  # thickness of the stroke
    wobble: float  # how far points stray
    swell: float  # how unevenly the pen presses, 0..1


def any_hand(rng: np.random.Generator, height: float | None = None) -> Hand:
    return Hand(
        height=float(rng.uniform(28, 72)) if height is None else height,
        width=float(rng.uniform(0.5, 1.0)),
        slant=float(rng.normal(0.08, 0.18)),
        turn=float(rng.normal(0, 0.06)),
        pen=float(np.exp(rng.uniform(np.log(0.035), np.log(0.17)))),
        wobble=float(rng.uniform(0.01, 0.05)),
        swell=float(rng.uniform(0, 0.35)),
    )


def draw(strokes: str, hand: Hand, rng: np.random.Generator) -> Floats:
    """(H, W) float32 0..1, 1 is ink, cropped to the ink with a margin of two pixels."""
    return draw_points(_parse(strokes), hand, rng)


def draw_points(strokes: Iterable[tuple[Floats, tuple[bool, ...]]], hand: Hand, rng: np.random.Generator) -> Floats:
    """The same for strokes given as points, (N, 2), and at which of them the pen turns sharply."""
    paths = [_smooth(_strayed(points, hand, rng), bends) for points, bends in strokes]
    return ink_along([_placed(path, hand) for path in paths], hand.pen * hand.height, hand.swell, rng)


def _strayed(points: Floats, hand: Hand, rng: np.random.Generator) -> Floats:
    return np.asarray(points + rng.normal(0, hand.wobble, points.shape), np.float32)


def ink_along(paths: list[Floats], thickness: float, swell: float, rng: np.random.Generator) -> Floats:
    """Ink of a pen of `thickness` pixels that follows `paths`, each (N, 2) in pixels."""
    every = np.concatenate(paths)
    edge = thickness / 2 * (1 + swell) + 2
    low = every.min(axis=0) - edge
    width, height = np.ceil(every.max(axis=0) + edge - low).astype(int)
    sheet = np.zeros((height * _SMOOTH, width * _SMOOTH), np.uint8)
    for path in paths:
        at = np.round((path - low) * _SMOOTH).astype(int)  # (N, 2)
        waves = np.sin(np.linspace(0, rng.uniform(2, 9), len(at)) + rng.uniform(0, 6))
        for start, end, wave in zip(at[:-1], at[1:], waves[1:], strict=True):
            thick = max(1, round(thickness * _SMOOTH * (1 + swell * wave)))
            cv2.line(sheet, start.tolist(), end.tolist(), 255, thick)
    small = cv2.resize(sheet, (int(width), int(height)), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32) / np.float32(255)


@cache
def _parse(strokes: str) -> tuple[tuple[Floats, tuple[bool, ...]], ...]:
    """Every stroke's points, (N, 2), and at which of them the pen turns sharply."""
    parsed = []
    for stroke in strokes.split("|"):
        words = stroke.split()
        points = [[float(part) for part in word.rstrip("!").split(",")] for word in words]
        parsed.append((np.array(points, np.float32), tuple(word.endswith("!") for word in words)))
    return tuple(parsed)


def _smooth(points: Floats, bends: tuple[bool, ...]) -> Floats:
    """A Catmull-Rom curve through `points`, broken where the pen turns sharply."""
    corners = [0, *(i for i, bend in enumerate(bends) if bend and 0 < i < len(points) - 1), len(points) - 1]
    parts = []
    for first, last in pairwise(corners):
        run = points[first : last + 1]
        run = np.concatenate([2 * run[:1] - run[1:2], run, 2 * run[-1:] - run[-2:-1]])  # (M + 2, 2)
        t = np.linspace(0, 1, _STEPS, dtype=np.float32)[:, None, None]  # (T, 1, 1)
        a, b, c, d = run[:-3], run[1:-2], run[2:-1], run[3:]  # (M - 1, 2) each
        curve = b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
        parts.append(curve.transpose(1, 0, 2).reshape(-1, 2))
    return np.asarray(np.concatenate(parts), np.float32)


def _placed(path: Floats, hand: Hand) -> Floats:
    """From the letter's frame to pixels, as this hand leans and turns."""
    x = path[:, 0] * hand.width + (0.5 - path[:, 1]) * hand.slant
    y = path[:, 1]
    cos, sin = np.cos(hand.turn), np.sin(hand.turn)
    placed = np.stack([x * cos - y * sin, x * sin + y * cos], axis=1)
    return np.asarray(placed * hand.height, np.float32)
