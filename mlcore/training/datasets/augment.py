"""Augmentation of images in MNIST's frame: every image is varied anew in every epoch."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 28
_Y, _X = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
_CENTRE = (SIDE - 1) / 2


@dataclass(frozen=True)
class Augmentation:
    """The strength of each variation; each `p_` is a probability, the others are standard deviations."""

    turn: float = 0.11  # radians
    slant: float = 0.13
    stretch: float = 0.07  # of each axis
    shift: float = 0.7  # pixels
    elastic: float = 0.55  # pixels
    p_width: float = 0.3  # stroke made thinner or thicker
    p_strength: float = 0.25
    p_blur: float = 0.08
    p_coarse: float = 0.06  # reduced to 10 to 18 pixels
    p_broken: float = 0.04
    p_noise: float = 0.06
    p_edge: float = 0.03  # remains of a printed border

    def scaled(self, share: float) -> "Augmentation":
        return Augmentation(*(share * strength for strength in vars(self).values()))


DEFAULT_AUGMENTATION = Augmentation()
CHUNK = 1_000  # images at once, whose displacement fields fit into the processor's cache


def augment(
    images: NDArray[np.uint8], rng: np.random.Generator, augmentation: Augmentation = DEFAULT_AUGMENTATION
) -> NDArray[np.uint8]:
    """Return a varied copy of every image, (N, 28, 28) uint8."""
    changed = np.empty_like(images)
    for start in range(0, len(images), CHUNK):
        part = images[start : start + CHUNK]
        across, down = _source_pixels(len(part), rng, augmentation)
        for offset, image in enumerate(part):
            changed[start + offset] = cv2.remap(image, across[offset], down[offset], cv2.INTER_LINEAR)
    for probability, change in _CHANGES:
        for i in np.flatnonzero(rng.random(len(images)) < getattr(augmentation, probability)):
            changed[i] = change(changed[i], rng)
    return changed


def _source_pixels(
    count: int, rng: np.random.Generator, augmentation: Augmentation
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the x and y from which each pixel is taken, (N, 28, 28) float32 each.

    One step combines the affine and the elastic displacement.
    """

    def draw(spread: float) -> NDArray[np.float32]:  # (N, 1, 1)
        return np.clip(rng.standard_normal((count, 1, 1), np.float32), -2.5, 2.5) * np.float32(spread)

    turn, slant = draw(augmentation.turn), draw(augmentation.slant)
    wide, high = np.exp(draw(augmentation.stretch)), np.exp(draw(augmentation.stretch))
    x, y = _X - _CENTRE, _Y - _CENTRE  # (28, 28)
    sideways = np.cos(turn) * x - np.sin(turn) * y
    upright = np.sin(turn) * x + np.cos(turn) * y
    bend_x, bend_y = (_smooth_fields(count, rng) * draw(augmentation.elastic) for _ in range(2))
    across = (sideways + slant * upright) * wide + _CENTRE + draw(augmentation.shift) + bend_x
    down = upright * high + _CENTRE + draw(augmentation.shift) + bend_y
    return across.astype(np.float32), down.astype(np.float32)


def _smooth_fields(count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return smooth random fields with a standard deviation of about one, (N, 28, 28)."""
    coarse = rng.standard_normal((count, 5, 5), np.float32)
    return np.stack([cv2.resize(field, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for field in coarse])


Image = NDArray[np.uint8]  # (28, 28)


def _change_width(image: Image, rng: np.random.Generator) -> Image:
    """Make strokes thicker or thinner by up to a pixel."""
    kernel = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    other = cv2.dilate(image, kernel) if rng.random() < 0.5 else cv2.erode(image, kernel)
    share = rng.uniform(0.2, 0.9)
    return cv2.addWeighted(image, 1 - share, other, share, 0)


def _change_strength(image: Image, rng: np.random.Generator) -> Image:
    """Make the ink fainter, or its edges harder or softer."""
    curve = (np.arange(256) / 255) ** rng.uniform(0.6, 1.7) * rng.uniform(0.45, 1.1) * 255
    return cv2.LUT(image, np.clip(curve, 0, 255).astype(np.uint8))


def _blur(image: Image, rng: np.random.Generator) -> Image:
    return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.1))


def _coarsen(image: Image, rng: np.random.Generator) -> Image:
    side = int(rng.integers(10, 19))
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    back = cv2.resize(small, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    gain = 255 / max(int(back.max()), 128)
    return cv2.convertScaleAbs(back, alpha=gain)


def _break_strokes(image: Image, rng: np.random.Generator) -> Image:
    """Cut one or two thin gaps, as a skipping pen or a crease leaves them."""
    broken = image.copy()
    for _ in range(rng.integers(1, 3)):
        x, y = rng.uniform(6, 22, 2)
        angle, length = rng.uniform(0, np.pi), rng.uniform(3, 9)
        reach = np.array([np.cos(angle), np.sin(angle)]) * length / 2
        start, end = np.array([x, y]) - reach, np.array([x, y]) + reach
        cv2.line(broken, start.astype(int).tolist(), end.astype(int).tolist(), 0, 1)
    return broken


def _add_noise(image: Image, rng: np.random.Generator) -> Image:
    grain = rng.standard_normal(image.shape, np.float32) * rng.uniform(4, 30)
    return np.clip(image + grain, 0, 255).astype(np.uint8)


def _add_edge(image: Image, rng: np.random.Generator) -> Image:
    """Add a straight line at one side, as a printed border leaves it."""
    line = np.zeros_like(image)
    start, end = sorted(rng.integers(0, SIDE, 2))
    line[rng.integers(0, 4), start:end] = rng.integers(60, 220)
    return np.maximum(image, np.rot90(line, int(rng.integers(4))))


_CHANGES = (
    ("p_width", _change_width),
    ("p_broken", _break_strokes),
    ("p_coarse", _coarsen),
    ("p_blur", _blur),
    ("p_strength", _change_strength),
    ("p_edge", _add_edge),
    ("p_noise", _add_noise),
)
