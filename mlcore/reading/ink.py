"""From the picture's pixels to its ink: polarity found, paper flattened, its lines and specks removed."""

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.reading.paper import (
    EVERYWHERE,
    PAPER_SIDE,
    Part,
    across,
    box_blur,
    enlarge,
    estimate_paper,
    plain_paper,
    reduce,
    smooth_surface,
)
from mlcore.reading.rules import erase_lines
from mlcore.reading.specks import remove_specks
from mlcore.reading.trace import Trace, no_trace

Pixels = NDArray[np.uint8]  # (H, W, 3) RGB, or (H, W) grey
Strength = NDArray[np.float32]  # (H, W), 0 is paper, 1 is full ink
Plane = TypeVar("Plane", Pixels, Strength)

cv2.setNumThreads(1)  # processes are the unit of scale, as the server counts them

WORKING_SIDE = 1280  # a digit a twentieth of the picture wide still has 64 px, three times 20
DARKEST = 32  # paper that is darker than this is taken to be this bright
GRAIN = 40  # sigma, in pixels, of the blur for a noise of 1


@dataclass(frozen=True, slots=True)
class Ink:
    """The ink of one picture."""

    strength: Strength  # (h, w), 0..1
    pieces: int  # how many strokes or joined strokes
    scale: float  # pixels of `strength` for one pixel of the picture given
    contrast: float  # 0..1: how far the ink stands from its paper
    noise: float  # 0..1: how far the paper itself wanders
    pixels: Pixels  # (h, w, 3) dark ink on bright paper, before anything was taken away
    paper: Pixels  # (h, w, 3) the same without its ink


def find_ink(pixels: Pixels, trace: Trace = no_trace) -> Ink:
    work, scale = fit_to_side(pixels, WORKING_SIDE)  # (h, w, 3) uint8
    work, paper, noise, inked = find_paper(work)
    smooth = soften(work, noise)
    darkness = flatten(smooth[inked], paper[inked])  # (h, w) uint8: 0 where the paper is
    left = noise if smooth is work else estimate_noise(smooth, paper)
    part, contrast = level(darkness, left, work.shape[0] * work.shape[1] - darkness.size)
    strength = placed(part, inked, work)
    trace("flattened", cv2.bitwise_not(placed(darkness, inked, work)))
    trace("levelled", strength)
    unruled = erase_lines(strength)
    trace("lines-erased", unruled)
    clean, pieces = remove_specks(unruled)
    trace("ink", clean)
    return Ink(clean, pieces, scale, contrast, noise, work, paper)


def find_paper(pixels: Pixels) -> tuple[Pixels, Pixels, float, Part]:
    """The picture with its paper brighter than its ink, the paper alone, how far it wanders, 0..1, and the part
    that holds all the ink."""
    plain = plain_paper(pixels)
    if plain is not None:
        paper, is_dark_on_it, inked = plain
        if not is_dark_on_it:
            pixels, paper = cv2.bitwise_not(pixels), cv2.bitwise_not(paper)
        return pixels, paper, 0.0, inked
    small = reduce(pixels, PAPER_SIDE)
    if not is_dark_on_light(small):
        pixels, small = cv2.bitwise_not(pixels), cv2.bitwise_not(small)
    paper = enlarge(estimate_paper(small), pixels)
    return pixels, paper, estimate_noise(pixels, paper), EVERYWHERE


def placed(part: Plane, where: Part, whole: Pixels) -> Plane:
    """The part in a plane as large as the whole picture, with nothing around it."""
    if where == EVERYWHERE:
        return part
    plane = np.zeros(whole.shape[:2], part.dtype)
    plane[where] = part
    return plane


def fit_to_side(pixels: Pixels, side: int) -> tuple[Pixels, float]:
    height, width = pixels.shape[:2]
    scale = min(1.0, side / max(height, width))
    if scale == 1.0:
        return pixels, scale
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    fitted: Pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return fitted, scale


def is_dark_on_light(small: Pixels) -> bool:
    """Ink is the minority that stands out from what is around it: the third moment tells which side."""
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)  # (h, w) 0..255
    even = grey - smooth_surface(grey)  # else the bright middle of a vignette stands out
    out = even - box_blur(even, max(grey.shape) // 3, cv2.BORDER_REFLECT)  # else a line along an edge counts many times
    return float((out * out * out).sum()) <= 0


def estimate_noise(pixels: Pixels, paper: Pixels) -> float:
    """The spread of bare paper, 0..1, from its bright side: no ink is brighter than paper."""
    step = 1 + max(pixels.shape) // 160
    sample = pixels[::step, ::step, 1].astype(np.float32) / paper[::step, ::step, 1]
    return max(0.0, float(np.percentile(sample, 84)) - 1)


def soften(pixels: Pixels, noise: float) -> Pixels:
    """Average the grain away, as far as the picture's size allows."""
    sigma = min(GRAIN * noise, max(pixels.shape) / 150, 2.0)
    if sigma < 0.3:
        return pixels
    soft: Pixels = cv2.GaussianBlur(pixels, (0, 0), sigma)
    return soft


def flatten(pixels: Pixels, paper: Pixels) -> Pixels:
    """How much darker than the paper under it each pixel is, in any colour. (h, w, 3) -> (h, w) uint8"""
    if int(paper.min()) < DARKEST:  # in the dark, ratios of few levels mean nothing
        lift = cv2.subtract(np.full_like(paper, DARKEST), paper)
        pixels, paper = cv2.add(pixels, lift), cv2.add(paper, lift)
    kept = cv2.divide(pixels, paper, scale=255)  # (h, w, 3) uint8: 255 on paper, lit or in shadow
    darkness: Pixels = cv2.bitwise_not(across(kept, cv2.min))
    return darkness


def level(darkness: Pixels, noise: float, bare: int = 0) -> tuple[Strength, float]:
    """Stretch darkness so that paper is 0 and full ink is 1; clean pictures keep their greys. (h, w) uint8

    `bare` is how many pixels of paper lie around it.
    """
    grain = 255 * noise
    counts = cv2.calcHist([darkness], [0], None, [256], [0, 256]).ravel().astype(np.float64)  # of each level
    counts[0] += bare
    faintest = int(max(otsu(counts), 5 * grain, 8)) + 1
    counts[:faintest] = 0
    if not counts.any():
        return np.zeros(darkness.shape, np.float32), 0.0
    full = float(np.searchsorted(counts.cumsum(), 0.8 * counts.sum()))
    low = min(3 * grain, 0.2 * full)  # a printed texture is no grain: it must not cost the strokes their edges
    stretched = (np.arange(256, dtype=np.float32) - np.float32(low)) / np.float32(max(full - low, 1.0))
    strength: Strength = cv2.LUT(darkness, stretched.clip(0, 1))
    return strength, full / 255


def otsu(counts: NDArray[np.float64]) -> int:
    """The level that parts the pixels best in two, by how many there are of each. (256,)

    OpenCV has it for whole pictures only.
    """
    below, mass = counts.cumsum(), (counts * np.arange(256)).cumsum()
    above = below[-1] - below
    apart = (mass[-1] * below / below[-1] - mass) ** 2 / np.maximum(below * above, 1)
    return int(apart.argmax())


def find_printed(ink: Ink) -> Strength:
    """The ink of a line of writing on printed paper, with the print: its pattern is no grain, and stays faint.

    The line network has learnt to read over patterns and lines; strokes broken by too high a threshold it
    cannot mend. (h, w) 0..1
    """
    darkness = flatten(ink.pixels, ink.paper)
    paper = float(np.median(darkness))
    spread = 1.4826 * float(np.median(np.abs(darkness.astype(np.float32) - paper)))
    threshold, _ = cv2.threshold(darkness, 0, 255, cv2.THRESH_OTSU)
    inked = darkness[darkness > max(threshold, paper + 4 * spread, 8)]
    if inked.size == 0:
        return np.zeros(darkness.shape, np.float32)
    low = paper + 2.5 * spread
    span = max(float(np.percentile(inked, 80)) - low, 1.0)
    strength: Strength = np.clip((darkness.astype(np.float32) - low) / span, 0, 1)
    return strength
