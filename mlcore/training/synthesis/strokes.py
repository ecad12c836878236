"""Strokes of a digit, and the curves that they are built from.

In the frame of a stroke y grows downwards and 0..1 is the digit's height; x grows to the right.
"""

from collections.abc import Callable

import numpy as np

Point = tuple[float, float, bool]  # x, y, and whether the pen turns sharply here
Stroke = list[Point]
Style = Callable[[np.random.Generator], list[Stroke]]  # draws every measure of a digit anew
WeightedStyles = tuple[tuple[float, Style], ...]  # relative frequency and style


def arc(x: float, y: float, wide: float, high: float, start: float, end: float) -> Stroke:
    """Return part of an ellipse round (x, y), from angle `start` to `end` in degrees; 0 is right, 90 is down."""
    steps = max(2, round(abs(end - start) / 40))
    angles = np.radians(np.linspace(start, end, steps + 1))
    return [(x + wide * float(np.cos(a)), y + high * float(np.sin(a)), False) for a in angles]


def line(*points: tuple[float, float]) -> Stroke:
    """Join the points by straight lines with sharp turns."""
    return [(x, y, True) for x, y in points]


def curve(*points: tuple[float, float]) -> Stroke:
    """Join the points by a smooth curve."""
    return [(x, y, False) for x, y in points]


def end_sharply(stroke: Stroke) -> Stroke:
    """Return the stroke with a sharp turn at its last point."""
    x, y, _ = stroke[-1]
    return [*stroke[:-1], (x, y, True)]
