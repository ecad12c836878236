"""Digits and signs as strokes, drawn as SVG paths and PNG files: the logo, large answers and examples."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageDraw

Point = tuple[float, float]

HEIGHT = 100.0
GAP = 16.0  # between two characters
DIGIT_WIDTH = 60.0
MARGIN = 10.0

# A stroke is a smooth curve through its points (x 0..60, y 0..100 downwards). A corner starts a new stroke.
DIGITS: dict[str, list[list[Point]]] = {
    "0": [[(35, 4), (16, 13), (5, 46), (12, 84), (30, 97), (49, 84), (56, 48), (48, 14), (33, 4), (22, 9)]],
    "1": [[(10, 34), (24, 21), (37, 4)], [(37, 4), (36, 50), (34, 97)]],
    "2": [[(8, 26), (14, 10), (30, 4), (46, 12), (49, 30), (38, 54), (20, 78), (5, 95)], [(5, 95), (30, 93), (57, 94)]],
    "3": [
        [(9, 15), (26, 4), (44, 11), (46, 29), (36, 42), (21, 47)],
        [(21, 47), (42, 51), (54, 69), (46, 90), (26, 98), (5, 88)],
    ],
    "4": [[(38, 4), (24, 34), (5, 66)], [(5, 66), (30, 67), (58, 64)], [(43, 40), (41, 70), (38, 98)]],
    "5": [
        [(51, 6), (34, 7), (17, 6)],
        [(17, 6), (14, 24), (11, 44)],
        [(11, 44), (28, 37), (46, 45), (54, 66), (45, 88), (25, 97), (6, 90)],
    ],
    "6": [
        [(45, 4), (26, 20), (12, 46), (8, 72), (18, 93), (35, 96), (50, 84), (51, 66), (39, 54), (22, 57), (10, 72)],
    ],
    "7": [[(5, 9), (30, 11), (55, 7)], [(55, 7), (40, 40), (28, 70), (22, 98)], [(15, 52), (33, 50), (51, 49)]],
    "8": [
        [
            (47, 17), (31, 4), (13, 14), (14, 31), (31, 46), (49, 64), (50, 86), (31, 97),
            (12, 87), (11, 68), (29, 48), (46, 33), (47, 17),
        ]
    ],
    "9": [
        [(51, 22), (37, 5), (17, 10), (8, 29), (16, 47), (34, 48), (48, 34), (51, 22)],
        [(51, 22), (50, 52), (43, 80), (30, 97)],
    ],
}  # fmt: skip

# Each sign has its width and its strokes. A dot is a short stroke.
SIGNS: dict[str, tuple[float, list[list[Point]]]] = {
    ".": (10, [[(4, 95), (6, 97)]]),
    ",": (14, [[(9, 92), (9, 101), (3, 109)]]),
    "'": (10, [[(6, 2), (4, 20)]]),
    ":": (10, [[(4, 40), (6, 42)], [(4, 90), (6, 92)]]),
    "-": (36, [[(2, 56), (18, 55), (34, 54)]]),
    "+": (44, [[(2, 56), (22, 55), (42, 54)], [(22, 35), (21, 55), (22, 75)]]),
    "/": (44, [[(40, 2), (22, 50), (4, 98)]]),
    "%": (
        60,
        [
            [(54, 4), (30, 50), (6, 97)],
            [(16, 8), (6, 20), (14, 34), (25, 22), (16, 8)],
            [(45, 64), (35, 78), (44, 93), (55, 80), (45, 64)],
        ],
    ),
    "$": (
        52,
        [
            [(46, 20), (28, 12), (8, 24), (14, 44), (38, 56), (46, 76), (26, 90), (4, 80)],
            [(27, 0), (26, 50), (25, 102)],
        ],
    ),
    "€": (
        60,
        [
            [(56, 14), (38, 4), (18, 22), (14, 52), (22, 84), (40, 97), (56, 88)],
            [(2, 40), (40, 38)],
            [(2, 60), (38, 58)],
        ],
    ),
    "£": (
        56,
        [
            [(48, 16), (36, 4), (22, 14), (22, 50), (18, 82), (4, 96)],
            [(4, 96), (28, 94), (52, 92)],
            [(8, 52), (38, 50)],
        ],
    ),
    " ": (24, []),
}  # fmt: skip


def character_width(character: str) -> float:
    return SIGNS[character][0] if character in SIGNS else DIGIT_WIDTH


def width_of(text: str) -> float:
    """Return the width of the drawn text, with both margins."""
    return sum(character_width(character) + GAP for character in text) - GAP + 2 * MARGIN


@lru_cache(maxsize=1000)
def svg_path(text: str) -> str:
    """Return the `d` attribute of one path in a box of width_of(text) × (HEIGHT + 2 MARGIN)."""
    return svg_path_of(strokes_of(text))


def svg_path_of(strokes: Iterable[list[Point]]) -> str:
    """Return the `d` attribute of one path with all the strokes."""
    parts = []
    for stroke in strokes:
        parts.append(f"M{stroke[0][0]:g} {stroke[0][1]:g}")
        for first, second, end in beziers(stroke):
            parts.append("C" + " ".join(f"{x:.4g} {y:.4g}" for x, y in (first, second, end)))
    return "".join(parts)


def strokes_of(text: str) -> Iterator[list[Point]]:
    """Yield the strokes of all characters of the text, in the coordinates of the whole drawing."""
    left = MARGIN
    for character in text:
        for stroke in SIGNS[character][1] if character in SIGNS else DIGITS.get(character, ()):
            yield [(left + x, MARGIN + y) for x, y in stroke]
        left += character_width(character) + GAP


def beziers(stroke: list[Point]) -> Iterator[tuple[Point, Point, Point]]:
    """Yield a Catmull-Rom spline through the points as cubic curves: two control points and the end of each."""
    padded = [stroke[0], *stroke, stroke[-1]]
    for before, start, end, after in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        yield (
            (start[0] + (end[0] - before[0]) / 6, start[1] + (end[1] - before[1]) / 6),
            (end[0] - (after[0] - start[0]) / 6, end[1] - (after[1] - start[1]) / 6),
            end,
        )


@lru_cache(maxsize=100)
def draw_png(text: str, *, height: int = 240) -> bytes:
    """Return the text, drawn with blue ink on white paper, as a PNG of the given height in pixels."""
    scale = height / (HEIGHT + 2 * MARGIN)
    sheet = (round(width_of(text) * scale), height)
    return _draw(text, sheet, scale, pen=9.0, ink="#1b2a5c", paper="#ffffff")


@lru_cache(maxsize=10)
def draw_icon(size: int) -> bytes:
    """Return the logo, a crossed seven, as a square PNG. It stays clear of the corners that phones cut off."""
    return _draw("7", (size, size), size / 220, pen=12.0, ink="#ffffff", paper="#21409a")


def _draw(text: str, sheet: tuple[int, int], scale: float, *, pen: float, ink: str, paper: str) -> bytes:
    oversampling = 3  # Pillow does not anti-alias shapes: draw them larger and reduce the image
    image = Image.new("RGB", (oversampling * sheet[0], oversampling * sheet[1]), paper)
    draw = ImageDraw.Draw(image)
    radius = oversampling * scale * pen / 2
    left = (sheet[0] - scale * width_of(text)) / 2
    top = (sheet[1] - scale * (HEIGHT + 2 * MARGIN)) / 2
    for stroke in strokes_of(text):
        for x, y in points_along(stroke):
            centre_x, centre_y = oversampling * (left + scale * x), oversampling * (top + scale * y)
            draw.ellipse((centre_x - radius, centre_y - radius, centre_x + radius, centre_y + radius), fill=ink)
    buffer = BytesIO()
    image.resize(sheet, Image.Resampling.LANCZOS).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def points_along(stroke: list[Point], steps: int = 40) -> Iterator[Point]:
    """Yield points on the stroke's curve, `steps` of them from one given point to the next."""
    start = stroke[0]
    for first, second, end in beziers(stroke):
        for step in range(steps + 1):
            t = step / steps
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
            points = (start, first, second, end)
            yield (
                sum(w * p[0] for w, p in zip(weights, points, strict=True)),
                sum(w * p[1] for w, p in zip(weights, points, strict=True)),
            )
        start = end
