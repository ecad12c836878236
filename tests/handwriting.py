"""Handwritten numbers whose digits lie between two shapes, so that the reader is unsure of them or mistakes them."""

import io
import random

from PIL import Image, ImageDraw

from recognizer.figures.drawings import (
    DIGIT_WIDTH,
    GAP,
    HEIGHT,
    MARGIN,
    Point,
    character_width,
    points_along,
    strokes_of,
)

Strokes = list[list[Point]]

# Two shapes with as many strokes and points, from a clear one to one that is read as the other digit.
SHAPES: dict[str, tuple[Strokes, Strokes]] = {
    "1 like 7": (
        [[(10, 34), (24, 21), (37, 4)], [(37, 4), (36, 50), (34, 97)]],
        [[(5, 9), (30, 11), (55, 7)], [(55, 7), (40, 45), (22, 98)]],
    ),
    "4 like 9": (
        [[(38, 4), (24, 34), (5, 66)], [(5, 66), (30, 67), (58, 64)], [(43, 40), (41, 70), (38, 98)]],
        [[(30, 4), (10, 14), (10, 40)], [(10, 40), (28, 52), (48, 36)], [(46, 4), (48, 45), (40, 98)]],
    ),
}
UNSURE = {"1 like 7": 0.45, "4 like 9": 0.67}  # shares of the second shape at which the reader is unsure
MISTAKEN = {"1 like 7": 0.7, "4 like 9": 0.82}  # and at which it is sure of the wrong digit
TREMBLE = 1.5  # of the hand, in hundredths of a digit's height


def between(name: str, share: float) -> Strokes:
    first, second = SHAPES[name]
    return [
        [(x + share * (u - x), y + share * (v - y)) for (x, y), (u, v) in zip(one, other, strict=True)]
        for one, other in zip(first, second, strict=True)
    ]


def handwritten_png(*characters: str | Strokes, seed: int = 0, height: int = 240) -> bytes:
    """Return a picture of the characters side by side: digits, signs, and digits given by their strokes."""
    rng = random.Random(seed)
    strokes: Strokes = []
    left = 0.0
    for character in characters:
        if isinstance(character, str):
            strokes += [[(left + x, y) for x, y in stroke] for stroke in strokes_of(character)]
            left += sum(character_width(each) + GAP for each in character)
        else:
            strokes += [[(left + MARGIN + x, MARGIN + y) for x, y in stroke] for stroke in character]
            left += DIGIT_WIDTH + GAP
    oversampling = 3  # Pillow does not anti-alias shapes
    scale = oversampling * height / (HEIGHT + 2 * MARGIN)
    size = round(scale * (left - GAP + 2 * MARGIN)), oversampling * height
    image = Image.new("RGB", size, rng.choice(["#ffffff", "#fdfcf7", "#f2f4f8"]))
    draw = ImageDraw.Draw(image)
    ink, radius = rng.choice(["#1b2a5c", "#1d2a6b", "#303030"]), scale * rng.uniform(3.5, 5)
    for stroke in strokes:
        shaken = [(x + rng.uniform(-TREMBLE, TREMBLE), y + rng.uniform(-TREMBLE, TREMBLE)) for x, y in stroke]
        for x, y in points_along(shaken):
            box = scale * x - radius, scale * y - radius, scale * x + radius, scale * y + radius
            draw.ellipse(box, fill=ink)
    buffer = io.BytesIO()
    image.resize((size[0] // oversampling, height), Image.Resampling.LANCZOS).save(buffer, "PNG")
    return buffer.getvalue()
