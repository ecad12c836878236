"""From the picture's pixels to its ink: polarity found, paper flattened, its lines and specks removed."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.reading.rules import erase_lines
from mlcore.reading.trace import Trace, no_trace

Pixels = NDArray[np.uint8]  # (H, W, 3) RGB, or (H, W) grey
Strength = NDArray[np.float32]  # (H, W), 0 is paper, 1 is full ink

WORKING_SIDE = 1280  # a digit a twentieth of the picture wide still has 64 px, three times 20
PAPER_SIDE = 96  # light falls smoothly: the paper is estimated on a picture this small


@dataclass(frozen=True, slots=True)
class Ink:
    """The ink of one picture."""

    strength: Strength  # (h, w), 0..1
    scale: float  # pixels of `strength` for one pixel of the picture given
    contrast: float  # 0..1: how far the ink stands from its paper
    noise: float  # 0..1: how far the paper itself wanders


def find_ink(pixels: Pixels, trace: Trace = no_trace) -> Ink:
    work, scale = fit_to_side(pixels, WORKING_SIDE)  # (h, w, 3) uint8
    on_light = work if is_dark_on_light(work) else cv2.bitwise_not(work)  # (h, w, 3), paper is bright
    darkness = flatten(on_light)  # (h, w) uint8: 0 where the paper is
    trace("flattened", cv2.bitwise_not(darkness))
    strength, contrast, noise = level(darkness)
    trace("levelled", strength)
    unruled = erase_lines(strength)
    trace("lines-erased", unruled)
    clean = remove_specks(unruled)
    trace("ink", clean)
    return Ink(clean, scale, contrast, noise)


def fit_to_side(pixels: Pixels, side: int) -> tuple[Pixels, float]:
    height, width = pixels.shape[:2]
    scale = min(1.0, side / max(height, width))
    if scale == 1.0:
        return pixels, scale
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    reduced: Pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return reduced, scale


def is_dark_on_light(pixels: Pixels) -> bool:
    """Ink is the minority that stands out from what is around it: the third moment tells which side."""
    small, _ = fit_to_side(pixels, PAPER_SIDE)
    grey = small.astype(np.float32).mean(axis=2)  # (h, w) 0..255
    reach = max(3, max(grey.shape) // 3) | 1
    around = cv2.blur(grey, (reach, reach), borderType=cv2.BORDER_REPLICATE)
    return float(((grey - around) ** 3).sum()) <= 0


def flatten(pixels: Pixels) -> Pixels:
    """How much darker than the paper under it each pixel is, in any colour. (h, w, 3) -> (h, w) uint8"""
    paper = estimate_paper(pixels)
    kept = cv2.divide(pixels, paper, scale=255)  # (h, w, 3) uint8: 255 on paper, lit or in shadow
    darkness: Pixels = cv2.bitwise_not(kept.min(axis=2))
    return darkness


def estimate_paper(pixels: Pixels) -> Pixels:
    """The picture as it was before anybody wrote on it. (h, w, 3) -> (h, w, 3) uint8"""
    height, width = pixels.shape[:2]
    small, _ = fit_to_side(pixels, PAPER_SIDE)
    reach = max(3, max(small.shape) // 2) | 1  # wider than the widest blot of ink
    window = np.ones((reach, reach), np.uint8)
    bright = cv2.morphologyEx(small, cv2.MORPH_CLOSE, window, borderType=cv2.BORDER_REPLICATE)
    gap = cv2.subtract(bright, small).max(axis=2)  # (h, w) uint8
    bare = (gap <= np.median(gap) + 0.15 * max(int(gap.max()), 1)).astype(np.float32)  # 1: no ink
    sigma = max(small.shape) / 12
    weight = cv2.GaussianBlur(bare, (0, 0), sigma)[:, :, None]  # (h, w, 1)
    mean = cv2.GaussianBlur(small * bare[:, :, None], (0, 0), sigma)
    paper = np.where(weight > 1e-3, mean / np.maximum(weight, 1e-3), bright)
    whole = cv2.resize(paper.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    paper_everywhere: Pixels = np.clip(np.rint(whole), 1, 255).astype(np.uint8)
    return paper_everywhere


def level(darkness: Pixels) -> tuple[Strength, float, float]:
    """Stretch darkness so that paper is 0 and full ink is 1; clean pictures keep their greys. (h, w) uint8"""
    paper = float(np.median(darkness))
    noise = 1.4826 * float(np.median(np.abs(darkness.astype(np.float32) - paper)))
    threshold, _ = cv2.threshold(darkness, 0, 255, cv2.THRESH_OTSU)
    inked = darkness[darkness > max(threshold, paper + 4 * noise, 8)]
    if inked.size == 0:
        return np.zeros(darkness.shape, np.float32), 0.0, noise / 255
    full = float(np.percentile(inked, 80))
    low = paper + 2.5 * noise
    span = max(full - low, 1.0)
    strength = np.clip((darkness.astype(np.float32) - low) / span, 0, 1)
    return strength, (full - paper) / 255, noise / 255


def remove_specks(strength: Strength) -> Strength:
    """Drop what is too small or too faint beside the strokes to have been written with the same pen."""
    mask = (strength > 0.25).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count == 1:
        return np.zeros_like(strength)
    peak = np.zeros(count, np.float32)
    np.maximum.at(peak, labels.ravel(), strength.ravel())
    extent = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    kept = (peak > 0.5) & (extent >= 0.12 * extent[1:].max())
    kept[0] = False
    with_rim = cv2.dilate(kept[labels].astype(np.uint8), np.ones((3, 3), np.uint8))
    return np.where(with_rim > 0, strength, np.float32(0))
