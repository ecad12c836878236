"""Pictures of digits drawn in memory. A seed gives the same picture on every machine."""

import io
import random
from collections.abc import Iterator
from functools import lru_cache

from PIL import Image, ImageDraw

# Polylines in a box of 10 × 16 units.
STROKES: dict[int, list[list[tuple[float, float]]]] = {
    0: [[(5, 0), (2, 2), (0, 8), (2, 14), (5, 16), (8, 14), (10, 8), (8, 2), (5, 0)]],
    1: [[(5, 0), (5, 16)]],
    2: [[(0, 4), (2, 1), (5, 0), (8, 1), (10, 4), (8, 8), (0, 16), (10, 16)]],
    3: [[(0, 2), (4, 0), (9, 2), (9, 6), (4, 8), (9, 10), (10, 13), (5, 16), (0, 14)]],
    4: [[(7, 16), (7, 0), (0, 11), (10, 11)]],
    5: [[(9, 0), (1, 0), (1, 7), (6, 6), (10, 10), (8, 15), (4, 16), (0, 14)]],
    6: [[(8, 0), (3, 5), (0, 11), (2, 15), (6, 16), (9, 13), (8, 10), (4, 9), (1, 11)]],
    7: [[(0, 0), (10, 0), (4, 16)]],
    8: [
        [
            (5, 8),
            (1, 5),
            (1, 2),
            (5, 0),
            (9, 2),
            (9, 5),
            (5, 8),
            (0, 12),
            (2, 15),
            (5, 16),
            (8, 15),
            (10, 12),
            (5, 8),
        ]
    ],
    9: [[(9, 5), (6, 8), (2, 7), (1, 3), (4, 0), (8, 1), (9, 5), (8, 11), (6, 16)]],
}


def draw_digit(digit: int, *, size: int = 400, pen: float = 0.07, seed: int = 0) -> Image.Image:
    """Draw a digit with dark ink on a light background. The seed shifts, slants and scales it a little."""
    rng = random.Random(1000 * digit + seed)
    image = Image.new("RGB", (size, size), rng.choice(["#ffffff", "#fdfcf7", "#f2f4f8"]))
    draw = ImageDraw.Draw(image)
    unit = size / 28 * rng.uniform(0.85, 1.15)
    slant = rng.uniform(-0.12, 0.12)
    left, top = (
        (size - 10 * unit) / 2 + rng.uniform(-1, 1) * unit,
        (size - 16 * unit) / 2 + rng.uniform(-1, 1) * unit,
    )
    ink, width = (
        rng.choice(["#101010", "#1d2a6b", "#303030"]),
        max(2, round(pen * size * rng.uniform(0.8, 1.2))),
    )
    for stroke in STROKES[digit]:
        points = [(left + (x + slant * (16 - y)) * unit, top + y * unit) for x, y in stroke]
        draw.line(points, fill=ink, width=width, joint="curve")
        for x, y in points:
            draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=ink)
    return image


def encode(image: Image.Image, format: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


@lru_cache(maxsize=256)
def digit_png(digit: int = 7, *, size: int = 400, seed: int = 0) -> bytes:
    return encode(draw_digit(digit, size=size, seed=seed))


def varied_pngs(count: int, *, size: int = 400) -> Iterator[bytes]:
    for seed in range(count):
        yield digit_png(seed % 10, size=size, seed=seed)
