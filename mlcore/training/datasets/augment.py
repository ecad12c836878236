"""Variations of images that already lie in MNIST's frame: a fresh one for every image and epoch."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 28
_Y, _X = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
_CENTRE = (SIDE - 1) / 2


@dataclass(frozen=True)
class Amounts:
    """How far an image may stray; each `p_` is a probability, each plain figure a standard deviation."""

    turn: float = 0.11  # radians
    slant: float = 0.13
    stretch: float = 0.07  # each axis by itself
    shift: float = 0.7  # pixels
    elastic: float = 0.55  # pixels
    p_width: float = 0.3  # stroke made thinner or thicker
    p_strength: float = 0.25
    p_blur: float = 0.08
    p_coarse: float = 0.06  # seen at 9 to 18 pixels
    p_broken: float = 0.04
    p_noise: float = 0.06
    p_edge: float = 0.03  # remains of a printed box

    def scaled(self, share: float) -> "Amounts":
        return Amounts(*(share * amount for amount in vars(self).values()))


GENTLE = Amounts()


CHUNK = 1_000  # images at once: their displacement fields fit into the cache


def augment(images: NDArray[np.uint8], rng: np.random.Generator, amounts: Amounts = GENTLE) -> NDArray[np.uint8]:
    """(N, 28, 28) uint8 → (N, 28, 28) uint8."""
    changed = np.empty_like(images)
    for start in range(0, len(images), CHUNK):
        part = images[start : start + CHUNK]
        across, down = _fields(len(part), rng, amounts)
        for at, image in enumerate(part):
            changed[start + at] = cv2.remap(image, across[at], down[at], cv2.INTER_LINEAR)
    for chance, change in _CHANGES:
        for i in np.flatnonzero(rng.random(len(images)) < getattr(amounts, chance)):
            changed[i] = change(changed[i], rng)
    return changed


def _fields(count: int, rng: np.random.Generator, amounts: Amounts) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where each pixel is fetched from: (N, 28, 28) float32 each, affine and elastic in one step."""

    def draw(spread: float) -> NDArray[np.float32]:  # (N, 1, 1)
        return np.clip(rng.standard_normal((count, 1, 1), np.float32), -2.5, 2.5) * np.float32(spread)

    turn, slant = draw(amounts.turn), draw(amounts.slant)
    wide, high = np.exp(draw(amounts.stretch)), np.exp(draw(amounts.stretch))
    x, y = _X - _CENTRE, _Y - _CENTRE  # (28, 28)
    sideways = np.cos(turn) * x - np.sin(turn) * y
    upright = np.sin(turn) * x + np.cos(turn) * y
    bend_x, bend_y = (_waves(count, rng) * draw(amounts.elastic) for _ in range(2))
    across = (sideways + slant * upright) * wide + _CENTRE + draw(amounts.shift) + bend_x
    down = upright * high + _CENTRE + draw(amounts.shift) + bend_y
    return across.astype(np.float32), down.astype(np.float32)


def _waves(count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Smooth random fields with a standard deviation of about one: (N, 28, 28)."""
    coarse = rng.standard_normal((count, 5, 5), np.float32)
    return np.stack([cv2.resize(field, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for field in coarse])


Image = NDArray[np.uint8]  # (28, 28)


def _width(image: Image, rng: np.random.Generator) -> Image:
    """Thicker or thinner by part of a pixel up to a whole one."""
    kernel = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    other = cv2.dilate(image, kernel) if rng.random() < 0.5 else cv2.erode(image, kernel)
    share = rng.uniform(0.2, 0.9)
    return cv2.addWeighted(image, 1 - share, other, share, 0)


def _strength(image: Image, rng: np.random.Generator) -> Image:
    """Fainter, or with harder or softer edges."""
    curve = (np.arange(256) / 255) ** rng.uniform(0.6, 1.7) * rng.uniform(0.45, 1.1) * 255
    return cv2.LUT(image, np.clip(curve, 0, 255).astype(np.uint8))


def _blur(image: Image, rng: np.random.Generator) -> Image:
    return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.1))


def _coarse(image: Image, rng: np.random.Generator) -> Image:
    side = int(rng.integers(10, 19))
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    back = cv2.resize(small, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    gain = 255 / max(int(back.max()), 128)
    return cv2.convertScaleAbs(back, alpha=gain)


def _broken(image: Image, rng: np.random.Generator) -> Image:
    """A pen that skipped, or a crease: one or two thin gaps."""
    holed = image.copy()
    for _ in range(rng.integers(1, 3)):
        x, y = rng.uniform(6, 22, 2)
        angle, length = rng.uniform(0, np.pi), rng.uniform(3, 9)
        reach = np.array([np.cos(angle), np.sin(angle)]) * length / 2
        start, end = np.array([x, y]) - reach, np.array([x, y]) + reach
        cv2.line(holed, start.astype(int).tolist(), end.astype(int).tolist(), 0, 1)
    return holed


def _noise(image: Image, rng: np.random.Generator) -> Image:
    grain = rng.standard_normal(image.shape, np.float32) * rng.uniform(4, 30)
    return np.clip(image + grain, 0, 255).astype(np.uint8)


def _edge(image: Image, rng: np.random.Generator) -> Image:
    """A straight line at one side, as a box's border leaves it."""
    line = np.zeros_like(image)
    start, end = sorted(rng.integers(0, SIDE, 2))
    line[rng.integers(0, 4), start:end] = rng.integers(60, 220)
    return np.maximum(image, np.rot90(line, int(rng.integers(4))))


_CHANGES = (
    ("p_width", _width),
    ("p_broken", _broken),
    ("p_coarse", _coarse),
    ("p_blur", _blur),
    ("p_strength", _strength),
    ("p_edge", _edge),
    ("p_noise", _noise),
)
