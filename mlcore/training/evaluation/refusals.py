"""Refusals: the share of pictures without a digit that a reader rejects."""

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.reading.files.decode import Picture
from mlcore.reading.reader import Reader
from mlcore.reading.result import Mode
from mlcore.training.synthesis.negatives import draw_scribble
from mlcore.training.synthesis.sheets import FONTS, PLAIN_PHOTO, render_sheet

Pixels = NDArray[np.uint8]  # (H, W, 3) RGB
PICTURES = 40  # of each kind
MODES: tuple[Mode, ...] = ("digit", "number")
WORDS = ("the", "way", "home", "was", "longer", "than", "they", "had", "thought", "when", "rain", "began")


def measure_refusals(reader: Reader, count: int) -> dict[str, dict[str, float]]:
    """Return the rejected share and the share read as sure, over both modes, by kind of picture."""
    shares = {}
    for kind, draw in KINDS.items():
        decisions = [
            reader.read_picture(to_picture(draw(np.random.default_rng(seed))), mode).decision
            for seed in range(count)
            for mode in MODES
        ]
        shares[kind] = {
            "rejected": decisions.count("rejected") / len(decisions),
            "sure": decisions.count("read") / len(decisions),
        }
    return shares


def to_picture(pixels: Pixels) -> Picture:
    return Picture(pixels, "PNG", pixels.shape[1], pixels.shape[0], 1.0)


def draw_blank(rng: np.random.Generator) -> Pixels:
    return np.full((300, 400, 3), rng.integers(150, 256), np.uint8)


def draw_black(rng: np.random.Generator) -> Pixels:
    return np.full((300, 400, 3), rng.integers(0, 12), np.uint8)


def draw_noise(rng: np.random.Generator) -> Pixels:
    return rng.integers(0, 256, (300, 400, 3), np.uint8)


def draw_scribbles(rng: np.random.Generator) -> Pixels:
    """Draw two scribbles over each other; a single one with few turns may look like an 8."""
    first, second = draw_scribble(rng), draw_scribble(rng)
    overlaid = cv2.resize(second, (first.shape[1], first.shape[0]))
    return render_sheet(np.maximum(first, overlaid), rng, PLAIN_PHOTO)


def draw_photograph(rng: np.random.Generator) -> Pixels:
    """Draw an object on a table: soft shades, no strokes."""
    y, x = np.mgrid[-1:1:300j, -1:1:400j]
    u, v = (x - rng.uniform(-0.2, 0.2)) * rng.uniform(0.8, 1.6), y - rng.uniform(-0.2, 0.2)
    thing = np.abs(u) ** (p := float(rng.choice([2, 6]))) + np.abs(v) ** p < rng.uniform(0.4, 0.8) ** p
    side, wave = rng.uniform(-70, 70, 2), rng.uniform(3, 9)
    table = 150 + side[0] * x + 20 * np.sin(wave * y)
    pixels = np.where(thing, rng.uniform(60, 120) + side[1] * (x + 0.3), table)[..., None] * (1.0, 0.9, 0.75)
    grain = rng.normal(0, rng.uniform(0, 6), (300, 400, 1))
    return np.clip(cv2.GaussianBlur(pixels, (0, 0), rng.uniform(1, 4)) + grain, 0, 255).astype(np.uint8)


def draw_printed_page(rng: np.random.Generator) -> Pixels:
    sheet = np.full((560, 420, 3), 245, np.uint8)
    font, size, step = FONTS[int(rng.integers(len(FONTS)))], rng.uniform(0.4, 0.7), int(rng.integers(20, 30))
    for bottom in range(30, 550, step):
        text = " ".join(rng.choice(WORDS, int(rng.integers(5, 8))))
        cv2.putText(sheet, text, (20, bottom), font, size, (40, 40, 40), 1, cv2.LINE_AA)
    return sheet


def draw_qr_code(rng: np.random.Generator) -> Pixels:
    """Draw a pattern that looks like a QR code."""
    modules = rng.integers(0, 2, (25, 25), np.uint8)
    for top, left in ((0, 0), (0, 18), (18, 0)):
        modules[top : top + 7, left : left + 7] = 1
        modules[top + 1 : top + 6, left + 1 : left + 6] = 0
        modules[top + 2 : top + 5, left + 2 : left + 5] = 1
    dark = np.kron(np.pad(modules, 4), np.ones((9, 9), np.uint8))
    return np.repeat(255 * (1 - dark)[..., None], 3, axis=2)


KINDS: Mapping[str, Callable[[np.random.Generator], Pixels]] = {
    "blank paper": draw_blank,
    "black": draw_black,
    "noise": draw_noise,
    "a scribble": draw_scribbles,
    "a photograph of a thing": draw_photograph,
    "a page of print": draw_printed_page,
    "a QR code": draw_qr_code,
}
