"""A pen that draws strokes as a hand does: slanted, with tremor and uneven pressure.

A stroke is written as text: points `x,y` in a frame where x grows to the right, y downwards, and 0..1 is the height
of the letter. The pen passes smoothly through the points, and turns sharply at a point marked `!`. Strokes of one
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
_OVERSAMPLING = 3  # ink is drawn this many times larger, then averaged down
_SEGMENTS = 10  # segments between two points


@dataclass(frozen=True)
class Hand:
    """A writer's pen style, in fractions of the letter's height except for `height`."""

    height: float  # pixels
    width: float  # of the frame; 1 is square
    slant: float  # shift to the right from bottom to top
    turn: float  # radians
    pen: float  # thickness of the stroke
    wobble: float  # standard deviation of each point
    swell: float  # unevenness of the pressure, 0..1


def random_hand(rng: np.random.Generator, height: float | None = None) -> Hand:
    return Hand(
        height=float(rng.uniform(28, 72)) if height is None else height,
        width=float(rng.uniform(0.5, 1.0)),
        slant=float(rng.normal(0.08, 0.18)),
        turn=float(rng.normal(0, 0.06)),
        pen=float(np.exp(rng.uniform(np.log(0.035), np.log(0.17)))),
        wobble=float(rng.uniform(0.01, 0.05)),
        swell=float(rng.uniform(0, 0.35)),
    )


def draw_strokes(strokes: str, hand: Hand, rng: np.random.Generator) -> Floats:
    """Return ink, (H, W) float32 0..1, 1 is ink, cropped with a margin of two pixels."""
    return draw_points(_parse(strokes), hand, rng)


def draw_points(strokes: Iterable[tuple[Floats, tuple[bool, ...]]], hand: Hand, rng: np.random.Generator) -> Floats:
    """Draw strokes given as points (N, 2) with a flag for each point at which the pen turns sharply."""
    paths = [_smooth_path(_tremble(points, hand, rng), bends) for points, bends in strokes]
    return draw_paths([_place(path, hand) for path in paths], hand.pen * hand.height, hand.swell, rng)


def _tremble(points: Floats, hand: Hand, rng: np.random.Generator) -> Floats:
    return np.asarray(points + rng.normal(0, hand.wobble, points.shape), np.float32)


def draw_paths(paths: list[Floats], thickness: float, swell: float, rng: np.random.Generator) -> Floats:
    """Return the ink of a pen of `thickness` pixels that follows `paths`, each (N, 2) in pixels."""
    points = np.concatenate(paths)
    edge = thickness / 2 * (1 + swell) + 2
    low = points.min(axis=0) - edge
    width, height = np.ceil(points.max(axis=0) + edge - low).astype(int)
    canvas = np.zeros((height * _OVERSAMPLING, width * _OVERSAMPLING), np.uint8)
    for path in paths:
        pixels = np.round((path - low) * _OVERSAMPLING).astype(int)  # (N, 2)
        waves = np.sin(np.linspace(0, rng.uniform(2, 9), len(pixels)) + rng.uniform(0, 6))
        for start, end, wave in zip(pixels[:-1], pixels[1:], waves[1:], strict=True):
            thick = max(1, round(thickness * _OVERSAMPLING * (1 + swell * wave)))
            cv2.line(canvas, start.tolist(), end.tolist(), 255, thick)
    small = cv2.resize(canvas, (int(width), int(height)), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32) / np.float32(255)


@cache
def _parse(strokes: str) -> tuple[tuple[Floats, tuple[bool, ...]], ...]:
    """Return the points (N, 2) of each stroke, with a flag for each point at which the pen turns sharply."""
    parsed = []
    for stroke in strokes.split("|"):
        words = stroke.split()
        points = [[float(part) for part in word.rstrip("!").split(",")] for word in words]
        parsed.append((np.array(points, np.float32), tuple(word.endswith("!") for word in words)))
    return tuple(parsed)


def _smooth_path(points: Floats, bends: tuple[bool, ...]) -> Floats:
    """Return a Catmull-Rom curve through `points`, broken where the pen turns sharply."""
    corners = [0, *(i for i, bend in enumerate(bends) if bend and 0 < i < len(points) - 1), len(points) - 1]
    parts = []
    for first, last in pairwise(corners):
        run = points[first : last + 1]
        run = np.concatenate([2 * run[:1] - run[1:2], run, 2 * run[-1:] - run[-2:-1]])  # (M + 2, 2)
        t = np.linspace(0, 1, _SEGMENTS, dtype=np.float32)[:, None, None]  # (T, 1, 1)
        a, b, c, d = run[:-3], run[1:-2], run[2:-1], run[3:]  # (M - 1, 2) each
        curve = b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
        parts.append(curve.transpose(1, 0, 2).reshape(-1, 2))
    return np.asarray(np.concatenate(parts), np.float32)


def _place(path: Floats, hand: Hand) -> Floats:
    """Convert a path from the letter's frame to pixels, slanted and turned as the hand is."""
    x = path[:, 0] * hand.width + (0.5 - path[:, 1]) * hand.slant
    y = path[:, 1]
    cos, sin = np.cos(hand.turn), np.sin(hand.turn)
    placed = np.stack([x * cos - y * sin, x * sin + y * cos], axis=1)
    return np.asarray(placed * hand.height, np.float32)
