"""From the picture's pixels to its ink: polarity found, paper flattened, its lines and specks removed."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.reading.rules import erase_lines
from mlcore.reading.trace import Trace, no_trace

Pixels = NDArray[np.uint8]  # (H, W, 3) RGB, or (H, W) grey
Strength = NDArray[np.float32]  # (H, W), 0 is paper, 1 is full ink

cv2.setNumThreads(1)  # processes are the unit of scale, as the server counts them

WORKING_SIDE = 1280  # a digit a twentieth of the picture wide still has 64 px, three times 20
LIGHT_SIDE = 32
DARKEST = 32  # paper that is darker than this is taken to be this bright
GRAIN = 40  # sigma of the blur for a noise of 1
PAPER_SIDE = 96  # light falls smoothly: the paper is estimated on a picture this small


@dataclass(frozen=True, slots=True)
class Ink:
    """The ink of one picture."""

    strength: Strength  # (h, w), 0..1
    scale: float  # pixels of `strength` for one pixel of the picture given
    contrast: float  # 0..1: how far the ink stands from its paper
    noise: float  # 0..1: how far the paper itself wanders
    raw: Strength  # (h, w): `strength` before printed lines and specks were taken away


def find_ink(pixels: Pixels, trace: Trace = no_trace) -> Ink:
    work, scale = fit_to_side(pixels, WORKING_SIDE)  # (h, w, 3) uint8
    on_light = work if is_dark_on_light(work) else cv2.bitwise_not(work)  # (h, w, 3), paper is bright
    paper = estimate_paper(on_light)  # (h, w, 3)
    noise = estimate_noise(on_light, paper)
    smooth = soften(on_light, noise)
    darkness = flatten(smooth, paper)  # (h, w) uint8: 0 where the paper is
    trace("flattened", cv2.bitwise_not(darkness))
    strength, contrast = level(darkness, estimate_noise(smooth, paper))
    trace("levelled", strength)
    unruled = erase_lines(strength)
    trace("lines-erased", unruled)
    clean = remove_specks(unruled)
    trace("ink", clean)
    return Ink(clean, scale, contrast, noise, strength)


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


def flatten(pixels: Pixels, paper: Pixels) -> Pixels:
    """How much darker than the paper under it each pixel is, in any colour. (h, w, 3) -> (h, w) uint8"""
    if int(paper.min()) < DARKEST:  # in the dark, ratios of few levels mean nothing
        lift = cv2.subtract(np.full_like(paper, DARKEST), paper)
        pixels, paper = cv2.add(pixels, lift), cv2.add(paper, lift)
    kept = cv2.divide(pixels, paper, scale=255)  # (h, w, 3) uint8: 255 on paper, lit or in shadow
    darkness: Pixels = cv2.bitwise_not(kept.min(axis=2))
    return darkness


def estimate_noise(pixels: Pixels, paper: Pixels) -> float:
    """The spread of bare paper, 0..1, from its bright side: no ink is brighter than paper."""
    step = 1 + max(pixels.shape) // 300
    sample = pixels[::step, ::step, 1].astype(np.float32) / paper[::step, ::step, 1]
    return max(0.0, float(np.percentile(sample, 84)) - 1)


def soften(pixels: Pixels, noise: float) -> Pixels:
    """Average the grain away, as far as the picture's size allows."""
    sigma = min(GRAIN * noise, max(pixels.shape) / 150, 2.0)
    if sigma < 0.3:
        return pixels
    soft: Pixels = cv2.GaussianBlur(pixels, (0, 0), sigma)
    return soft


def estimate_paper(pixels: Pixels) -> Pixels:
    """The picture as it was before anybody wrote on it. (h, w, 3) -> (h, w, 3) uint8"""
    height, width = pixels.shape[:2]
    small, _ = fit_to_side(pixels, PAPER_SIDE)
    light = fit_light(small)[:, :, None]  # (h, w, 1) 0..255
    even = np.clip(small * (200 / light), 0, 255).astype(np.uint8)  # flat but for hard shadows and stains
    reach = max(3, max(small.shape) // 2) | 1  # wider than the widest blot of ink
    bright = cv2.morphologyEx(even, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8), borderType=cv2.BORDER_REPLICATE)
    gap = cv2.subtract(bright, even).max(axis=2)  # (h, w) uint8
    usual = float(np.median(gap))
    spread = float(np.median(np.abs(gap - usual)))
    bare = (gap <= usual + 4 * spread + 0.03 * float(gap.max())).astype(np.float32)  # 1: no ink
    sigma = max(small.shape) / 12
    weight = cv2.GaussianBlur(bare, (0, 0), sigma)[:, :, None]  # (h, w, 1)
    mean = cv2.GaussianBlur(even * bare[:, :, None], (0, 0), sigma)
    paper = np.where(weight > 1e-3, mean / np.maximum(weight, 1e-3), bright) * (light / 200)
    whole = cv2.resize(paper.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    paper_everywhere: Pixels = np.clip(np.rint(whole), 1, 255).astype(np.uint8)
    return paper_everywhere


def fit_light(small: Pixels) -> NDArray[np.float32]:
    """The quadratic surface through the brightness of the paper, ink given ever less weight. -> (h, w) 1..255"""
    coarse, _ = fit_to_side(small, LIGHT_SIDE)
    brightness = coarse.astype(np.float32).mean(axis=2).ravel()
    terms = quadratic(coarse.shape[0], coarse.shape[1]).reshape(-1, 6)
    weight = np.ones_like(brightness)
    surface = terms[0]
    for _ in range(6):
        weighted = (terms * weight[:, None]).T  # (6, n)
        surface = np.linalg.solve(weighted @ terms + 1e-3 * np.eye(6, dtype=np.float32), weighted @ brightness)
        off = brightness - terms @ surface
        spread = 1 + 1.5 * float(np.median(np.abs(off)))
        weight = np.where(off < 0, np.exp(-np.square(off / spread)), 1).astype(np.float32)
    return np.clip(quadratic(small.shape[0], small.shape[1]) @ surface, 1, 255)


@lru_cache(maxsize=64)
def quadratic(height: int, width: int) -> NDArray[np.float32]:
    """1, x, y, x², xy, y² over the picture, both sides from -1 to 1. (h, w, 6)"""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)


def level(darkness: Pixels, noise: float) -> tuple[Strength, float]:
    """Stretch darkness so that paper is 0 and full ink is 1; clean pictures keep their greys. (h, w) uint8"""
    grain = 255 * noise
    threshold, _ = cv2.threshold(darkness, 0, 255, cv2.THRESH_OTSU)
    inked = darkness[darkness > max(threshold, 5 * grain, 8)]
    if inked.size == 0:
        return np.zeros(darkness.shape, np.float32), 0.0
    full = float(np.percentile(inked, 80))
    low = 3 * grain
    strength = np.clip((darkness.astype(np.float32) - low) / max(full - low, 1.0), 0, 1)
    return strength, full / 255


def remove_specks(strength: Strength) -> Strength:
    """Drop what was not written with the pen: specks, faint show-through, dashes under it, frames round it."""
    mask = (strength > 0.25).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count == 1:
        return np.zeros_like(strength)
    peak = np.zeros(count, np.float32)
    np.maximum.at(peak, labels.ravel(), strength.ravel())
    boxes = stats[:, :4].astype(np.float32)  # x, y, width, height
    extent = boxes[:, 2:].max(axis=1)
    printed = is_dash(boxes) | is_frame(boxes, labels)
    written = (peak > 0.5) & ~printed
    written[0] = False
    if not written.any():
        written = (peak > 0.5) & (np.arange(count) > 0)
    written &= extent >= 0.12 * extent[written].max(initial=0)
    with_rim = cv2.dilate(written[labels].astype(np.uint8), np.ones((3, 3), np.uint8))
    return np.where(with_rim > 0, strength, np.float32(0))


def is_dash(boxes: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Straight and thin, wholly beside the writing and longer than it. (n, 4) -> (n,)"""
    longest, shortest = boxes[:, 2:].max(axis=1), boxes[:, 2:].min(axis=1)
    dash = longest >= 10 * shortest
    dash[0] = False
    others = ~dash
    others[0] = False
    if not others.any():
        return np.zeros(len(boxes), np.bool_)
    main = boxes[1:][others[1:]][boxes[1:][others[1:], 2:].max(axis=1).argmax()]
    beyond = longest >= 1.2 * main[2:].max()
    flat = boxes[:, 2] > boxes[:, 3]
    low, high = boxes[:, 0], boxes[:, 0] + boxes[:, 2]
    low, high = np.where(flat, boxes[:, 1], low), np.where(flat, boxes[:, 1] + boxes[:, 3], high)
    start, stop = np.where(flat, main[1], main[0]), np.where(flat, main[1] + main[3], main[0] + main[2])
    return dash & beyond & ((high <= start) | (low >= stop))


def is_frame(boxes: NDArray[np.float32], labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Hollow, with writing inside. (n, 4), (h, w) -> (n,)"""
    frame = np.zeros(len(boxes), np.bool_)
    x, y = boxes[:, 0], boxes[:, 1]
    right, bottom = x + boxes[:, 2], y + boxes[:, 3]
    size = boxes[:, 2:].max(axis=1)
    for label in np.flatnonzero(size[1:] >= 0.3 * size[1:].max()) + 1:
        inside = (x > x[label]) & (y > y[label]) & (right < right[label]) & (bottom < bottom[label])
        if not (inside & (size >= 0.3 * size[label])).any():
            continue
        dx, dy = 0.15 * boxes[label, 2:]
        hollow = labels[int(y[label] + dy) : int(bottom[label] - dy), int(x[label] + dx) : int(right[label] - dx)]
        frame[label] = not (hollow == label).any()
    return frame
