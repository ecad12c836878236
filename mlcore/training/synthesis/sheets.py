"""Rendered sheets: photographs and scans of given ink on synthetic paper.

Every part of a sheet is drawn from a few random numbers, so the same generator state gives the same
picture. The steps follow the physical order: printed paper, ink on it, light, then the camera.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Range = tuple[float, float]
Margins = tuple[int, int, int, int]  # top, right, bottom, left, in pixels

PAPERS = (  # RGB: white, cream, yellow, pink, pale blue, pale green, grey, brown
    (250, 250, 250), (246, 240, 226), (240, 215, 140), (250, 232, 238),
    (226, 236, 248), (228, 240, 226), (205, 205, 207), (196, 168, 132),
)  # fmt: skip
INKS = (  # RGB: black, pencil, blue, dark blue, violet, red, green, pale blue
    (20, 20, 22), (95, 95, 100), (40, 60, 170), (25, 30, 90),
    (90, 50, 150), (180, 35, 40), (30, 110, 60), (110, 130, 215),
)  # fmt: skip
PRINT_COLOURS = (  # RGB: grey, blue, red, green, bright red, brown
    (60, 60, 60), (120, 150, 205), (200, 120, 130), (130, 175, 140), (215, 30, 40), (150, 140, 120),
)  # fmt: skip
WORDS = ("EURO", "TOTAL", "NAME", "Datum", "Bank", "No.", "AMOUNT", "Betrag", "pay", "the sum of", "Montant")
FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_COMPLEX_SMALL, cv2.FONT_HERSHEY_TRIPLEX)


@dataclass(frozen=True)
class SheetStyle:
    """The options of a sheet; each `p_` is a probability, and values are drawn evenly from each range."""

    margins: Margins | None = None  # None: drawn from `margin`
    margin: Range = (0.1, 1.2)  # on each side, in heights of the ink
    paper: tuple[int, int, int] | None = None  # RGB; None: any of PAPERS
    ink: tuple[int, int, int] | None = None  # RGB; None: any of INKS, most often black
    ink_strength: Range = (0.55, 1.0)
    p_fibre: float = 0.7
    p_lines: float = 0.2
    p_squares: float = 0.15
    p_guilloche: float = 0.15
    p_hatch: float = 0.08
    p_words: float = 0.1
    p_border: float = 0.1
    p_bleed_through: float = 0.15
    p_specks: float = 0.2
    p_uneven_light: float = 0.7
    p_shadow: float = 0.3
    p_vignette: float = 0.2
    p_grey: float = 0.2  # a scanner without colour
    blur: Range = (0.0, 1.0)  # sigma, in pixels
    noise: Range = (0.0, 6.0)  # sigma, in grey levels
    p_jpeg: float = 0.6
    jpeg_quality: tuple[int, int] = (35, 95)


ANY_PAPER = SheetStyle()
SCREEN = SheetStyle(
    paper=(255, 255, 255), ink=(0, 0, 0), ink_strength=(1.0, 1.0), p_fibre=0, p_lines=0, p_squares=0,
    p_guilloche=0, p_hatch=0, p_words=0, p_border=0, p_bleed_through=0, p_specks=0, p_uneven_light=0,
    p_shadow=0, p_vignette=0, p_grey=0, blur=(0, 0), noise=(0, 0), p_jpeg=0.2,
)  # fmt: skip
PLAIN_PHOTO = replace(ANY_PAPER, p_lines=0.03, p_squares=0.03, p_guilloche=0, p_hatch=0, p_words=0, p_border=0)
NOISY_SHEET = replace(  # unruled, unevenly lit and grainy: the simplest photograph of paper
    PLAIN_PHOTO, p_lines=0, p_squares=0, p_bleed_through=0, p_specks=0, p_shadow=0, p_uneven_light=1, noise=(3, 8),
)  # fmt: skip
SECURITY = SheetStyle(  # cheques: printed all over, scanned in grey, cropped close to the amount
    margin=(0.02, 0.35), p_lines=0.05, p_squares=0.05, p_guilloche=0.75, p_hatch=0.5, p_words=0.12,
    p_border=0.35, p_bleed_through=0.05, p_specks=0.2, p_uneven_light=0.4, p_shadow=0.05, p_vignette=0.02,
    p_grey=0.9, blur=(0.0, 0.8), noise=(0, 8),
)  # fmt: skip

CELL = replace(  # cut out of a photographed table: small, grey and faint, with the cell's borders in view
    ANY_PAPER, margin=(0.05, 0.5), ink_strength=(0.35, 0.9), p_lines=0.05, p_squares=0.03, p_guilloche=0, p_hatch=0,
    p_words=0.05, p_border=0.7, p_shadow=0.1, p_grey=0.6, blur=(0.2, 1.0), noise=(0, 5),
)  # fmt: skip


def render_sheet(ink: Floats, rng: np.random.Generator, style: SheetStyle = ANY_PAPER) -> NDArray[np.uint8]:
    """Render ink (H, W) float32 0..1, 1 is ink, as a picture of a sheet (H', W', 3) uint8 RGB."""
    top, right, bottom, left = style.margins or _draw_margins(ink.shape[0], rng, style)
    ink = np.pad(ink, ((top, bottom), (left, right)))  # (H', W')
    size = (ink.shape[0], ink.shape[1])
    unit = max(size[0] - top - bottom, 8)  # height of the writing, which sets the scale of the print
    sheet = _draw_paper(size, rng, style)  # (H', W', 3) 0..255
    for probability, draw_print in _PRINTS:
        if rng.random() < getattr(style, probability):
            _stain(sheet, draw_print(size, unit, rng), _choose_colour(PRINT_COLOURS, rng), rng.uniform(0.12, 0.75))
    if rng.random() < style.p_border:
        border = _draw_border(size, (top, right, bottom, left), rng)
        _stain(sheet, border, _choose_colour(PRINT_COLOURS, rng), rng.uniform(0.4, 1))
    if rng.random() < style.p_bleed_through:
        behind = _draw_bleed_through(ink, unit, rng)
        _stain(sheet, behind, _choose_colour(PRINT_COLOURS[:2], rng), rng.uniform(0.05, 0.25))
    strength = float(rng.uniform(*style.ink_strength))
    _stain(sheet, ink * _draw_pressure(size, rng), style.ink or _choose_ink_colour(rng), strength)
    if rng.random() < style.p_specks:
        _stain(sheet, _draw_specks(size, rng), (40, 40, 40), rng.uniform(0.2, 0.9))
    sheet *= _draw_light(size, rng, style)[..., None]
    return _photograph(sheet, rng, style)


def _draw_margins(height: int, rng: np.random.Generator, style: SheetStyle) -> Margins:
    top, right, bottom, left = (int(height * m) for m in rng.uniform(*style.margin, 4))
    return top, right, bottom, left


def _choose_colour(colours: tuple[tuple[int, int, int], ...], rng: np.random.Generator) -> tuple[int, int, int]:
    return colours[int(rng.integers(len(colours)))]


def _choose_ink_colour(rng: np.random.Generator) -> tuple[int, int, int]:
    return INKS[0] if rng.random() < 0.4 else _choose_colour(INKS, rng)


def _stain(sheet: Floats, mask: Floats, colour: tuple[int, int, int], strength: float) -> None:
    """Multiply the sheet by the ink's colour, so that a stroke over a printed line is darker than both."""
    transmission = np.asarray(colour, np.float32) / 255  # (3,)
    sheet *= 1 - (strength * np.clip(mask, 0, 1))[..., None] * (1 - transmission)


def _smooth_noise(size: tuple[int, int], cell: float, rng: np.random.Generator) -> Floats:
    """Return noise (H, W) of about -1..1 that changes over `cell` pixels."""
    height, width = (max(2, int(side / cell) + 2) for side in size)
    coarse = rng.uniform(-1, 1, (height, width)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (size[1], size[0]), interpolation=cv2.INTER_CUBIC), np.float32)


def _draw_paper(size: tuple[int, int], rng: np.random.Generator, style: SheetStyle) -> Floats:
    colour = np.asarray(style.paper or _choose_colour(PAPERS, rng), np.float32)
    sheet = np.empty((*size, 3), np.float32)
    sheet[:] = colour
    if rng.random() < style.p_fibre:
        fibre = _smooth_noise(size, rng.uniform(1.5, 4), rng)
        fibre += 0.7 * _smooth_noise(size, rng.uniform(6, 30), rng)
        sheet *= 1 + rng.uniform(0.003, 0.03) * fibre[..., None]
    return sheet


def _axes(size: tuple[int, int], angle: float) -> tuple[Floats, Floats]:
    """Return coordinates along and across a direction, (H, W) each."""
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    sin, cos = np.float32(np.sin(angle)), np.float32(np.cos(angle))
    return x * cos + y * sin, y * cos - x * sin


def _draw_stripes(across: Floats, spacing: float, thickness: float) -> Floats:
    """Return anti-aliased lines every `spacing` pixels."""
    distance = np.abs((across + spacing / 2) % spacing - spacing / 2)
    return np.asarray(np.clip(thickness / 2 + 0.5 - distance, 0, 1), np.float32)


def _draw_ruling(size: tuple[int, int], unit: int, rng: np.random.Generator) -> Floats:
    _, across = _axes(size, rng.normal(0, 0.015))
    spacing = unit * rng.uniform(0.7, 2.2)
    return _draw_stripes(across + rng.uniform(0, spacing), spacing, unit * rng.uniform(0.01, 0.04))


def _draw_squares(size: tuple[int, int], unit: int, rng: np.random.Generator) -> Floats:
    along, across = _axes(size, rng.normal(0, 0.015))
    spacing = max(unit * rng.uniform(0.25, 1.2), 5)
    thickness = unit * rng.uniform(0.008, 0.03)
    shift = rng.uniform(0, spacing, 2)
    rows = _draw_stripes(across + shift[0], spacing, thickness)
    return np.maximum(rows, _draw_stripes(along + shift[1], spacing, thickness))


def _draw_guilloche(size: tuple[int, int], unit: int, rng: np.random.Generator) -> Floats:
    """Draw families of fine waves that cross each other, as on banknotes and cheques."""
    mask = np.zeros(size, np.float32)
    for _ in range(rng.integers(1, 4)):
        along, across = _axes(size, rng.uniform(-0.6, 0.6) if rng.random() < 0.8 else rng.uniform(0, 3.14))
        spacing = max(unit * rng.uniform(0.06, 0.35), 2.5)
        turns = 2 * np.pi * along / (unit * rng.uniform(0.5, 5))
        wave = rng.uniform(0, 0.5) * unit * np.sin(turns + rng.uniform(0, 6))
        bend = rng.normal(0, 0.002) * along * along / 10
        line = _draw_stripes(across + wave + bend + rng.uniform(0, spacing), spacing, rng.uniform(0.3, 1.3))
        mask = np.maximum(mask, line * rng.uniform(0.4, 1))
    return mask


def _draw_hatch(size: tuple[int, int], unit: int, rng: np.random.Generator) -> Floats:
    """Draw a halftone of fine lines or dots, darker in bands."""
    along, across = _axes(size, rng.choice([0, 0, 0.78, 1.57]) + rng.normal(0, 0.03))
    spacing = rng.uniform(2, 4.5)
    mask = 0.5 + 0.5 * np.sin(2 * np.pi * across / spacing)
    if rng.random() < 0.4:
        mask = mask * (0.5 + 0.5 * np.sin(2 * np.pi * along / spacing))
    band = 0.5 + 0.5 * np.sin(2 * np.pi * across / (unit * rng.uniform(0.3, 2)) + rng.uniform(0, 6))
    return np.asarray(mask * (1 - rng.uniform(0, 0.8) * band), np.float32)


def _draw_words(size: tuple[int, int], unit: int, rng: np.random.Generator) -> Floats:
    mask = np.zeros(size, np.uint8)
    for _ in range(rng.integers(1, 4)):
        at = (int(rng.uniform(-0.1, 0.9) * size[1]), int(rng.uniform(0.1, 1.1) * size[0]))
        font = int(rng.choice(FONTS))
        scale = unit * rng.uniform(0.004, 0.016)
        cv2.putText(mask, str(rng.choice(WORDS)), at, font, scale, 255, max(1, int(scale * 2)), cv2.LINE_AA)
    return mask.astype(np.float32) / np.float32(255)


_PRINTS: tuple[tuple[str, Callable[[tuple[int, int], int, np.random.Generator], Floats]], ...] = (
    ("p_hatch", _draw_hatch),
    ("p_guilloche", _draw_guilloche),
    ("p_lines", _draw_ruling),
    ("p_squares", _draw_squares),
    ("p_words", _draw_words),
)


def _draw_border(size: tuple[int, int], margins: Margins, rng: np.random.Generator) -> Floats:
    """Draw a printed box round the ink, or only lines above and below; parts may lie outside the picture."""
    top, right, bottom, left = margins
    mask = np.zeros(size, np.uint8)
    thick = int(rng.integers(1, max(2, size[0] // 40) + 1))
    x0, x1 = int(left * rng.uniform(-0.3, 0.8)), int(size[1] - right * rng.uniform(-0.3, 0.8))
    y0, y1 = int(top * rng.uniform(-0.2, 0.8)), int(size[0] - bottom * rng.uniform(-0.2, 0.8))
    tilt = int(rng.normal(0, 0.01) * size[1])
    across = [((x0, y0), (x1, y0 + tilt)), ((x0, y1), (x1, y1 + tilt))]
    sides = [*across, ((x0, y0), (x0, y1)), ((x1, y0), (x1, y1))]
    if rng.random() < 0.5:
        sides = across if rng.random() < 0.5 else across[1:]
    for start, end in sides:
        cv2.line(mask, start, end, 255, thick, cv2.LINE_AA)
    return mask.astype(np.float32) / np.float32(255)


def _draw_bleed_through(ink: Floats, unit: int, rng: np.random.Generator) -> Floats:
    """Draw the ink of the other side of the sheet: mirrored, shifted and blurred."""
    zoom = rng.uniform(0.8, 1.6)
    shift = rng.uniform(-0.6, 0.6, 2) * (ink.shape[1], ink.shape[0])
    matrix = np.array([[zoom, 0, shift[0]], [rng.normal(0, 0.1), zoom, shift[1]]])
    behind = cv2.warpAffine(ink[:, ::-1].copy(), matrix, (ink.shape[1], ink.shape[0]))
    sigma = max(0.5, unit * rng.uniform(0.01, 0.03))
    return np.asarray(cv2.GaussianBlur(behind, (0, 0), sigma), np.float32)


def _draw_pressure(size: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Return the strength of the ink at each pixel, as the pen's pressure varies."""
    depth = rng.uniform(0, 0.35)
    return np.asarray(1 - depth * (1 + _smooth_noise(size, rng.uniform(3, 40), rng)) / 2, np.float32)


def _draw_specks(size: tuple[int, int], rng: np.random.Generator) -> Floats:
    mask = np.zeros(size, np.uint8)
    for x, y in rng.uniform(0, 1, (int(rng.integers(1, 12)), 2)):
        radius = int(rng.integers(0, max(1, size[0] // 60) + 1))
        cv2.circle(mask, (int(x * size[1]), int(y * size[0])), radius, 255, -1, cv2.LINE_AA)
    return mask.astype(np.float32) / np.float32(255)


def _draw_light(size: tuple[int, int], rng: np.random.Generator, style: SheetStyle) -> Floats:
    """Return the share of the light that each pixel gets, (H, W) 0..1."""
    height, width = size
    light = np.ones(size, np.float32)
    if rng.random() < style.p_uneven_light:
        along, _ = _axes(size, rng.uniform(0, 2 * np.pi))
        span = max(float(np.ptp(along)), 1.0)
        light -= rng.uniform(0, 0.45) * (along - along.min()) / span
    if rng.random() < style.p_shadow:
        _, across = _axes(size, rng.uniform(0, 2 * np.pi))
        edge = across.min() + rng.uniform(0.2, 0.8) * np.ptp(across)
        softness = rng.uniform(0.02, 0.4) * max(size)
        light *= 1 - rng.uniform(0.1, 0.5) / (1 + np.exp(np.clip((edge - across) / softness, -30, 30)))
    if rng.random() < style.p_vignette:
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
        light *= 1 - rng.uniform(0.1, 0.4) * np.minimum((x * x + y * y) / 2, 1)
    if style.p_uneven_light:
        light *= rng.uniform(0.6, 1.05)  # exposure
    return light.astype(np.float32)


def _photograph(sheet: Floats, rng: np.random.Generator, style: SheetStyle) -> NDArray[np.uint8]:
    """Apply what a camera or scanner does: greyscale, blur, noise and JPEG compression."""
    if rng.random() < style.p_grey:
        sheet[:] = sheet.mean(axis=2, keepdims=True)
    sigma = rng.uniform(*style.blur)
    if sigma > 0.2:
        sheet = cv2.GaussianBlur(sheet, (0, 0), sigma).astype(np.float32)
    noise = rng.uniform(*style.noise)
    if noise > 0:
        sheet += noise * rng.standard_normal(sheet.shape[:2], np.float32)[..., None]
    pixels: NDArray[np.uint8] = np.clip(sheet + 0.5, 0, 255).astype(np.uint8)
    if rng.random() >= style.p_jpeg:
        return pixels
    quality = int(rng.integers(*style.jpeg_quality))
    _, packed = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)[..., ::-1].copy()
