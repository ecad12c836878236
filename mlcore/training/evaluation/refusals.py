"""How often a reader refuses what holds no digit: pictures of nothing, and of things that are not written."""

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.reading.decode import Picture
from mlcore.reading.reader import Reader
from mlcore.reading.result import Mode
from mlcore.training.synthesis.negatives import scribble
from mlcore.training.synthesis.sheets import FONTS, PLAIN_PHOTO, on_paper

Pixels = NDArray[np.uint8]  # (H, W, 3) RGB
EACH = 40  # pictures of a kind
MODES: tuple[Mode, ...] = ("digit", "number")
WORDS = ("the", "way", "home", "was", "longer", "than", "they", "had", "thought", "when", "rain", "began")


def refusals(reader: Reader, each: int) -> dict[str, dict[str, float]]:
    """By kind of picture the share that is rejected and the share that is read as sure, over both modes."""
    found = {}
    for kind, draw in KINDS.items():
        decisions = [
            reader.read_picture(as_picture(draw(np.random.default_rng(seed))), mode).decision
            for seed in range(each)
            for mode in MODES
        ]
        found[kind] = {
            "rejected": decisions.count("rejected") / len(decisions),
            "sure": decisions.count("read") / len(decisions),
        }
    return found


def as_picture(pixels: Pixels) -> Picture:
    return Picture(pixels, "PNG", pixels.shape[1], pixels.shape[0], 1.0)


def blank(rng: np.random.Generator) -> Pixels:
    return np.full((300, 400, 3), rng.integers(150, 256), np.uint8)


def black(rng: np.random.Generator) -> Pixels:
    return np.full((300, 400, 3), rng.integers(0, 12), np.uint8)


def noise(rng: np.random.Generator) -> Pixels:
    return rng.integers(0, 256, (300, 400, 3), np.uint8)


def scribbled(rng: np.random.Generator) -> Pixels:
    """Two, one over the other: a single one of few turns may be an 8 by chance."""
    first, second = scribble(rng), scribble(rng)
    over = cv2.resize(second, (first.shape[1], first.shape[0]))
    return on_paper(np.maximum(first, over), rng, PLAIN_PHOTO)


def photograph(rng: np.random.Generator) -> Pixels:
    """A thing on a table: soft shades, no strokes."""
    y, x = np.mgrid[-1:1:300j, -1:1:400j]
    u, v = (x - rng.uniform(-0.2, 0.2)) * rng.uniform(0.8, 1.6), y - rng.uniform(-0.2, 0.2)
    thing = np.abs(u) ** (p := float(rng.choice([2, 6]))) + np.abs(v) ** p < rng.uniform(0.4, 0.8) ** p
    side, wave = rng.uniform(-70, 70, 2), rng.uniform(3, 9)
    table = 150 + side[0] * x + 20 * np.sin(wave * y)
    pixels = np.where(thing, rng.uniform(60, 120) + side[1] * (x + 0.3), table)[..., None] * (1.0, 0.9, 0.75)
    grain = rng.normal(0, rng.uniform(0, 6), (300, 400, 1))
    return np.clip(cv2.GaussianBlur(pixels, (0, 0), rng.uniform(1, 4)) + grain, 0, 255).astype(np.uint8)


def page_of_text(rng: np.random.Generator) -> Pixels:
    sheet = np.full((560, 420, 3), 245, np.uint8)
    font, size, step = FONTS[int(rng.integers(len(FONTS)))], rng.uniform(0.4, 0.7), int(rng.integers(20, 30))
    for bottom in range(30, 550, step):
        text = " ".join(rng.choice(WORDS, int(rng.integers(5, 8))))
        cv2.putText(sheet, text, (20, bottom), font, size, (40, 40, 40), 1, cv2.LINE_AA)
    return sheet


def code(rng: np.random.Generator) -> Pixels:
    """As phones read them."""
    modules = rng.integers(0, 2, (25, 25), np.uint8)
    for top, left in ((0, 0), (0, 18), (18, 0)):
        modules[top : top + 7, left : left + 7] = 1
        modules[top + 1 : top + 6, left + 1 : left + 6] = 0
        modules[top + 2 : top + 5, left + 2 : left + 5] = 1
    dark = np.kron(np.pad(modules, 4), np.ones((9, 9), np.uint8))
    return np.repeat(255 * (1 - dark)[..., None], 3, axis=2)


KINDS: Mapping[str, Callable[[np.random.Generator], Pixels]] = {
    "blank paper": blank,
    "black": black,
    "noise": noise,
    "a scribble": scribbled,
    "a photograph of a thing": photograph,
    "a page of print": page_of_text,
    "a QR code": code,
}
