"""From the picture's pixels to its ink: polarity found, paper flattened, its lines and specks removed."""

from collections.abc import Callable
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
    pixels: Pixels  # (h, w, 3) dark ink on bright paper, before anything was taken away
    paper: Pixels  # (h, w, 3) the same without its ink


def find_ink(pixels: Pixels, trace: Trace = no_trace) -> Ink:
    work, scale = fit_to_side(pixels, WORKING_SIDE)  # (h, w, 3) uint8
    small = reduce(work, PAPER_SIDE)
    if not is_dark_on_light(small):
        work, small = cv2.bitwise_not(work), cv2.bitwise_not(small)  # paper is bright from here on
    paper = enlarge(estimate_paper(small), work)  # (h, w, 3) uint8
    noise = estimate_noise(work, paper)
    smooth = soften(work, noise)
    darkness = flatten(smooth, paper)  # (h, w) uint8: 0 where the paper is
    trace("flattened", cv2.bitwise_not(darkness))
    strength, contrast = level(darkness, estimate_noise(smooth, paper))
    trace("levelled", strength)
    unruled = erase_lines(strength)
    trace("lines-erased", unruled)
    clean = remove_specks(unruled)
    trace("ink", clean)
    return Ink(clean, scale, contrast, noise, work, paper)


def fit_to_side(pixels: Pixels, side: int) -> tuple[Pixels, float]:
    height, width = pixels.shape[:2]
    scale = min(1.0, side / max(height, width))
    if scale == 1.0:
        return pixels, scale
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    fitted: Pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return fitted, scale


def reduce(pixels: Pixels, side: int) -> Pixels:
    """Whole blocks of pixels averaged, several times faster than to any size: (h, w, 3) -> at most (side, side, 3)"""
    block = -(-max(pixels.shape) // side)
    height, width = max(pixels.shape[0] // block, 1), max(pixels.shape[1] // block, 1)
    whole = pixels[: height * block, : width * block]
    reduced: Pixels = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA) if block > 1 else pixels
    return reduced


def enlarge(small: Pixels, like: Pixels) -> Pixels:
    large: Pixels = cv2.resize(small, (like.shape[1], like.shape[0]), interpolation=cv2.INTER_LINEAR)
    return large


def is_dark_on_light(small: Pixels) -> bool:
    """Ink is the minority that stands out from what is around it: the third moment tells which side."""
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)  # (h, w) 0..255
    around = box_blur(grey, max(grey.shape) // 3)
    out = grey - around
    return float((out * out * out).sum()) <= 0


def box_blur(image: NDArray[np.float32], reach: int) -> NDArray[np.float32]:
    reach = max(3, reach) | 1
    blurred: NDArray[np.float32] = cv2.blur(image, (reach, reach), borderType=cv2.BORDER_REPLICATE)
    return blurred


def estimate_paper(small: Pixels) -> Pixels:
    """The picture as it was before anybody wrote on it. (h, w, 3) -> (h, w, 3) uint8"""
    light = fit_light(small)[:, :, None]  # (h, w, 1) 1..255
    paper = bare_paper(small)
    if float(light.max()) > 1.05 * float(light.min()):
        # A vignette is followed only once its light is evened out, the edge of a shadow only as it is.
        even = np.minimum(small * (200 / light) + 0.5, 255).astype(np.uint8)
        paper = np.minimum(paper, bare_paper(even) * (light / 200))
    return np.clip(np.rint(paper), 1, 255).astype(np.uint8)


def bare_paper(small: Pixels) -> NDArray[np.float32]:
    """Bare paper averaged, and carried on below the ink. (h, w, 3) uint8 -> (h, w, 3) 0..255"""
    reach = max(3, max(small.shape) // 2) | 1  # wider than the widest blot of ink
    window = np.ones((reach, reach), np.uint8)
    bright = cv2.morphologyEx(small, cv2.MORPH_CLOSE, window, borderType=cv2.BORDER_REPLICATE)
    gap = across(cv2.subtract(bright, small), cv2.max)  # (h, w) uint8
    usual = float(np.median(gap))
    spread = float(np.median(cv2.absdiff(gap, np.full_like(gap, round(usual)))))
    bare = (gap <= usual + 4 * spread + 0.03 * float(gap.max())).astype(np.float32)[:, :, None]  # 1: no ink
    known = np.concatenate([small * bare, bare], axis=2)  # (h, w, 4)
    around = box_blur(box_blur(known, max(small.shape) // 6), max(small.shape) // 6)
    weight = around[:, :, 3:]
    mean = np.where(weight > 1e-3, around[:, :, :3] / np.maximum(weight, 1e-3), bright)
    return np.minimum(mean, bright)  # `bright` keeps the edge of a shadow sharp


def fit_light(small: Pixels) -> NDArray[np.float32]:
    """The quadratic surface through the brightness of the paper, ink given ever less weight. -> (h, w) 1..255"""
    coarse = cv2.cvtColor(reduce(small, LIGHT_SIDE), cv2.COLOR_RGB2GRAY)
    brightness = coarse.astype(np.float32).ravel()
    terms = quadratic(*coarse.shape).reshape(-1, 6)
    weight = np.ones_like(brightness)
    surface = terms[0]
    for patience in (6.0, 4.0, 3.0, 2.0, 1.5, 1.5, 1.5):  # dark corners are given time to be followed
        weighted = (terms * weight[:, None]).T  # (6, n)
        surface = np.linalg.solve(weighted @ terms + 1e-3 * np.eye(6, dtype=np.float32), weighted @ brightness)
        off = brightness - terms @ surface
        spread = 1 + patience * float(np.median(np.abs(off)))
        weight = np.where(off < 0, np.exp(-np.square(off / spread)), 1).astype(np.float32)
    return np.clip(quadratic(*small.shape[:2]) @ surface, 1, 255)


@lru_cache(maxsize=64)
def quadratic(height: int, width: int) -> NDArray[np.float32]:
    """1, x, y, x², xy, y² over the picture, both sides from -1 to 1. (h, w, 6)"""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)


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


def across(planes: Pixels, choose: Callable[[Pixels, Pixels], Pixels]) -> Pixels:
    """The least or the most of three channels; NumPy takes thirty times as long along so short an axis."""
    red, green, blue = cv2.split(planes)
    return choose(choose(red, green), blue)


def level(darkness: Pixels, noise: float) -> tuple[Strength, float]:
    """Stretch darkness so that paper is 0 and full ink is 1; clean pictures keep their greys. (h, w) uint8"""
    grain = 255 * noise
    threshold, _ = cv2.threshold(darkness, 0, 255, cv2.THRESH_OTSU)
    faintest = int(max(threshold, 5 * grain, 8)) + 1
    counts = np.bincount(darkness.ravel(), minlength=256)  # of each level
    counts[:faintest] = 0
    if not counts.any():
        return np.zeros(darkness.shape, np.float32), 0.0
    full = float(np.searchsorted(counts.cumsum(), 0.8 * counts.sum()))
    low = min(3 * grain, 0.2 * full)  # a printed texture is no grain: it must not cost the strokes their edges
    stretched = (np.arange(256, dtype=np.float32) - np.float32(low)) / np.float32(max(full - low, 1.0))
    strength: Strength = cv2.LUT(darkness, stretched.clip(0, 1))
    return strength, full / 255


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


def remove_specks(strength: Strength) -> Strength:
    """Drop what was not written with the pen: specks, faint show-through, dashes under it, frames round it."""
    mask = (strength > 0.25).view(np.uint8)
    x, y, width, height = cv2.boundingRect(mask)
    clean = np.zeros_like(strength)
    if width == 0:
        return clean
    inner = (slice(max(y - 1, 0), y + height + 1), slice(max(x - 1, 0), x + width + 1))  # a rim round all ink
    clean[inner] = keep_writing(strength[inner], np.ascontiguousarray(mask[inner]))
    return clean


def keep_writing(strength: Strength, mask: Pixels) -> Strength:
    count, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(mask, 8, cv2.CV_32S, cv2.CCL_BBDT)
    strong = np.bincount(labels[strength > 0.5], minlength=count) > 0
    strong[0] = False
    boxes = stats[:, :4].astype(np.float32)  # x, y, width, height
    written = strong & ~is_dash(boxes) & ~is_frame(boxes, labels)
    if not written.any():
        written = strong
    written &= ~is_speck(boxes, written, mask.shape)
    if not written[1:].all():
        mask = written[labels].view(np.uint8)
    with_rim = cv2.dilate(mask, np.ones((3, 3), np.uint8))
    return strength * with_rim


def is_speck(boxes: NDArray[np.float32], written: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Small beside the tallest writing; what lies apart or is cut by the edge must be larger to count. (n, 4) -> (n,)"""
    height, width = size
    extent = boxes[:, 2:].max(axis=1)
    tallest = boxes[written, 3].max(initial=0)
    x, y, right, bottom = boxes[:, 0], boxes[:, 1], boxes[:, 0] + boxes[:, 2], boxes[:, 1] + boxes[:, 3]
    large = written & (extent >= 0.5 * tallest)
    gap_x = np.maximum(x[:, None] - right[large], x[large] - right[:, None])  # (n, large): below 0 where they overlap
    gap_y = np.maximum(y[:, None] - bottom[large], y[large] - bottom[:, None])
    apart = np.maximum(gap_x, gap_y).min(axis=1, initial=tallest) > 0.2 * tallest
    at_edge = (x <= 0) | (y <= 0) | (right >= width) | (bottom >= height)
    return extent < np.where(at_edge, 0.35, np.where(apart, 0.25, 0.12)) * tallest


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
