"""Ten digits as strokes, drawn as SVG paths and PNG files: the logo, large answers and examples."""

from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageDraw

Point = tuple[float, float]

HEIGHT = 100.0
ADVANCE = 76.0  # from one digit's left edge to the next
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


def width_of(text: str) -> float:
    """Return the width of the drawn text, with both margins."""
    return ADVANCE * len(text) - (ADVANCE - 60.0) + 2 * MARGIN


@lru_cache(maxsize=1000)
def svg_path(text: str) -> str:
    """Return the `d` attribute of one path in a box of width_of(text) × (HEIGHT + 2 MARGIN)."""
    parts = []
    for stroke in strokes_of(text):
        parts.append(f"M{stroke[0][0]:g} {stroke[0][1]:g}")
        for first, second, end in beziers(stroke):
            parts.append("C" + " ".join(f"{x:.4g} {y:.4g}" for x, y in (first, second, end)))
    return "".join(parts)


def strokes_of(text: str) -> Iterator[list[Point]]:
    """Yield the strokes of all digits of the text, in the coordinates of the whole drawing."""
    for place, character in enumerate(text):
        for stroke in DIGITS.get(character, ()):
            yield [(MARGIN + ADVANCE * place + x, MARGIN + y) for x, y in stroke]


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
