"""What strokes are made of. A frame's y grows downwards, 0..1 is the digit's height; x grows to the right."""

import numpy as np

Point = tuple[float, float, bool]  # x, y, and whether the pen turns sharply here
Stroke = list[Point]


def arc(x: float, y: float, wide: float, high: float, start: float, end: float) -> Stroke:
    """Part of an ellipse round (x, y), from angle `start` to `end` in degrees; 0 is right, 90 is down."""
    steps = max(2, round(abs(end - start) / 40))
    angles = np.radians(np.linspace(start, end, steps + 1))
    return [(x + wide * float(np.cos(a)), y + high * float(np.sin(a)), False) for a in angles]


def line(*points: tuple[float, float]) -> Stroke:
    """Straight from point to point, with sharp turns."""
    return [(x, y, True) for x, y in points]


def curve(*points: tuple[float, float]) -> Stroke:
    return [(x, y, False) for x, y in points]


def turn(stroke: Stroke) -> Stroke:
    """The same stroke with a sharp turn at its end."""
    x, y, _ = stroke[-1]
    return [*stroke[:-1], (x, y, True)]
