"""The extraction of ink: it detects polarity, evens out the light, and removes printed lines and specks."""

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.reading.arrays import Floats, Pixels, Strength
from mlcore.reading.ink.frame import remove_frame
from mlcore.reading.ink.paper import (
    PAPER_SIDE,
    WHOLE_PICTURE,
    PixelArea,
    average_blocks,
    enlarge_to,
    estimate_paper,
    find_bare_colour,
    find_plain_paper,
    plane_of,
    reduce_channels,
    spread_out,
)
from mlcore.reading.ink.polarity import is_dark_on_light
from mlcore.reading.ink.rulings import erase_rulings
from mlcore.reading.ink.specks import remove_specks
from mlcore.reading.trace import Trace, no_trace

Plane = TypeVar("Plane", Pixels, Strength)

cv2.setNumThreads(1)  # the server scales by processes, and counts one core for each

WORKING_SIDE = 1280  # px: a digit a twentieth of the picture wide still has 64 px, three times what the network needs
MIN_PAPER_LEVEL = 32  # darker paper counts as this bright: ratios of smaller levels are noise
BLUR_PER_NOISE = 40  # sigma, in pixels, of the blur for a noise of 1
MAX_BLUR = 2.0  # sigma, in pixels


@dataclass(frozen=True, slots=True)
class Ink:
    """The ink of one picture."""

    strength: Strength
    marks: Strength  # the same with specks, dots and dashes, which `strength` lacks
    pieces: int  # number of connected pieces of `strength`
    scale: float  # pixels of `strength` for one pixel of the given picture
    contrast: float  # 0..1: between ink and paper
    noise: float  # 0..1: the spread of the bare paper
    pixels: Pixels  # (h, w, 3) dark ink on bright paper, before anything was removed
    paper: Pixels  # (h, w, 3) the same without its ink; (1, 1, 3) where it has one colour


def find_ink(pixels: Pixels, trace: Trace = no_trace, side: int = WORKING_SIDE, max_blur: float = MAX_BLUR) -> Ink:
    """Return the ink of a picture, which is reduced so that its longer side is at most `side` pixels.

    `max_blur` limits the blur against grain, as its sigma in pixels.
    """
    work, scale = fit_to_side(pixels, side)  # (h, w, 3) uint8
    work, paper, noise, area = find_paper(work)
    smooth = reduce_noise(work, noise, max_blur)
    darkness = measure_darkness(smooth[area], paper)  # (h, w) uint8: 0 where the paper is
    remaining_noise = noise if smooth is work else estimate_noise(smooth, paper)
    bare_pixels = work.shape[0] * work.shape[1] - darkness.size
    inner_strength, contrast = stretch_darkness(darkness, remaining_noise, bare_pixels)
    strength = place_in_picture(inner_strength, area, work)
    if trace is not no_trace:
        trace("flattened", cv2.bitwise_not(place_in_picture(darkness, area, work)))
    trace("levelled", strength)
    unruled = erase_rulings(strength)
    trace("lines-erased", unruled)
    clean, pieces = remove_specks(unruled)
    trace("ink", clean)
    return Ink(clean, unruled, pieces, scale, contrast, noise, work, paper)


def find_paper(pixels: Pixels) -> tuple[Pixels, Pixels, float, PixelArea]:
    """Return the picture as dark ink on bright paper, its paper alone, its noise, and the area that holds all ink."""
    plain = find_plain_paper(pixels)
    if plain is None and (unframed := remove_frame(pixels)) is not pixels:
        pixels, plain = unframed, find_plain_paper(unframed)
    if plain is not None:
        paper, is_ink_darker, area = plain
        if not is_ink_darker:
            pixels, paper = cv2.bitwise_not(pixels), cv2.bitwise_not(paper)
        return pixels, paper, 0.0, area
    small = average_blocks(pixels, PAPER_SIDE)
    bright, dark = find_bare_colour(pixels), find_bare_colour(cv2.bitwise_not(pixels))
    bare = bright
    if not is_dark_on_light(small, is_clean=bool(bright or dark)):
        pixels, small, bare = cv2.bitwise_not(pixels), cv2.bitwise_not(small), dark
    if bare:
        return pixels, plane_of(bare), 0.0, WHOLE_PICTURE
    paper = enlarge_to(estimate_paper(small), pixels)
    return pixels, paper, estimate_noise(pixels, paper), WHOLE_PICTURE


def place_in_picture(part: Plane, area: PixelArea, picture: Pixels) -> Plane:
    """Return an empty plane of the picture's size with the part in its area."""
    if area == WHOLE_PICTURE:
        return part
    plane = np.zeros(picture.shape[:2], part.dtype)
    plane[area] = part
    return plane


def fit_to_side(pixels: Pixels, side: int) -> tuple[Pixels, float]:
    """Return the picture with its longer side at most `side`, and the factor."""
    height, width = pixels.shape[:2]
    scale = min(1.0, side / max(height, width))
    if scale == 1.0:
        return pixels, scale
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    resized: Pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return resized, scale


def estimate_noise(pixels: Pixels, paper: Pixels) -> float:
    """Return the spread of bare paper, 0..1. It is measured on the bright side, where no ink is."""
    step = 1 + max(pixels.shape) // 160
    sample = pixels[::step, ::step, 1].astype(np.float32) / paper[::step, ::step, 1]
    return max(0.0, float(np.percentile(sample, 84)) - 1)


def reduce_noise(pixels: Pixels, noise: float, max_blur: float) -> Pixels:
    """Blur the grain, as far as the picture's size allows."""
    sigma = min(BLUR_PER_NOISE * noise, max(pixels.shape) / 150, max_blur)
    if sigma < 0.3:
        return pixels
    soft: Pixels = cv2.GaussianBlur(pixels, (0, 0), sigma)
    return soft


def measure_darkness(pixels: Pixels, paper: Pixels) -> Pixels:
    """Return how much darker than its paper each pixel is, in any channel. (h, w, 3) -> (h, w) uint8"""
    paper = spread_out(paper, pixels)
    if int(paper.min()) < MIN_PAPER_LEVEL:
        lift = cv2.subtract(np.full_like(paper, MIN_PAPER_LEVEL), paper)
        pixels, paper = cv2.add(pixels, lift), cv2.add(paper, lift)
    brightness = cv2.divide(pixels, paper, scale=255)  # (h, w, 3) uint8: 255 on paper, lit or in shadow
    darkness: Pixels = cv2.bitwise_not(reduce_channels(brightness, cv2.min))
    return darkness


def stretch_darkness(darkness: Pixels, noise: float, bare_pixels: int = 0) -> tuple[Strength, float]:
    """Return the ink's strength and its contrast. Paper becomes 0 and full ink 1; clean pictures keep their greys.

    `bare_pixels` counts the pixels of paper around the given area.
    """
    grain = 255 * noise
    counts = cv2.calcHist([darkness], [0], None, [256], [0, 256]).ravel().astype(np.float64)  # of each level
    counts[0] += bare_pixels
    faintest = int(max(otsu_threshold(counts), 5 * grain, 8)) + 1
    counts[:faintest] = 0
    if not counts.any():
        return np.zeros(darkness.shape, np.float32), 0.0
    full = float(np.searchsorted(counts.cumsum(), 0.8 * counts.sum()))
    low = min(3 * grain, 0.2 * full)  # limited because a printed texture would otherwise cost strokes their edges
    stretched = (np.arange(256, dtype=np.float32) - np.float32(low)) / np.float32(max(full - low, 1.0))
    strength: Strength = cv2.LUT(darkness, stretched.clip(0, 1))
    return strength, full / 255


def otsu_threshold(counts: Floats) -> int:
    """Return Otsu's threshold for a histogram (256,). OpenCV computes it for pictures only."""
    below, mass = counts.cumsum(), (counts * np.arange(256)).cumsum()
    above = below[-1] - below
    between = (mass[-1] * below / below[-1] - mass) ** 2 / np.maximum(below * above, 1)
    return int(between.argmax())


def find_ink_with_print(ink: Ink) -> Strength:
    """Return the ink with the printed pattern, for the search of lines.

    The line network is trained on patterns and lines, but it cannot mend strokes that a high threshold has broken.
    """
    darkness = measure_darkness(ink.pixels, ink.paper)
    counts = np.bincount(darkness.ravel(), minlength=256)
    levels = np.arange(256)
    paper = weighted_median(levels, counts)
    spread = 1.4826 * weighted_median(np.abs(levels - paper), counts)
    threshold, _ = cv2.threshold(darkness, 0, 255, cv2.THRESH_OTSU)
    counts[levels <= max(threshold, paper + 4 * spread, 8)] = 0
    if not counts.any():
        return np.zeros(darkness.shape, np.float32)
    low = paper + 2.5 * spread
    full = float(np.percentile(np.repeat(levels, counts), 80))
    stretched = (levels.astype(np.float32) - np.float32(low)) / np.float32(max(full - low, 1.0))
    strength: Strength = cv2.LUT(darkness, stretched.clip(0, 1))
    return strength


def weighted_median(values: NDArray[np.number], counts: NDArray[np.integer]) -> float:
    """Return the median of the values, each of which occurs so many times."""
    order = np.argsort(values, kind="stable")
    below = counts[order].cumsum()
    middles = ((below[-1] - 1) // 2, below[-1] // 2)
    return float(values[order][np.searchsorted(below, middles, side="right")].mean())
