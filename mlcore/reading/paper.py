"""The paper of a picture as it was before anybody wrote on it: light, shadows, stains."""

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]  # (H, W, 3) RGB, or (H, W) grey

Part = tuple[slice, slice]  # rows and columns
EVERYWHERE: Part = (slice(None), slice(None))

PAPER_SIDE = 96  # light falls smoothly: the paper is estimated on a picture this small
LIGHT_SIDE = 32
SAMPLED = 128  # px of a side that tell whether the paper is plain
PLAIN = 0.6  # share of the picture that is exactly the paper's colour
PLAIN_EDGE = 0.9  # and of the picture's edge
NEARLY, NEARLY_PLAIN = 48, 0.03  # levels from it, and how much may be so near: shadows, grain, faint strokes
PLAIN_WITHIN = 0.4  # share that does where all of the edge is: bold ink in a small picture, and its soft edges


def plain_paper(pixels: Pixels) -> tuple[Pixels, bool, Part] | None:
    """The paper where all of it has one colour, as on a canvas or a clean scan, whether its ink is darker, and the part
    that holds all the ink: the whole picture where there is none.

    (h, w, 3) -> the same
    """
    step = 1 + max(pixels.shape) // SAMPLED
    sample = np.ascontiguousarray(pixels[::step, ::step])
    red, green, blue = (int(cv2.calcHist([sample], [c], None, [256], [0, 256]).argmax()) for c in range(3))

    def within(reach: int, part: Pixels = sample) -> Pixels:  # (n, m) 255 or 0
        low, high = ((red + off, green + off, blue + off) for off in (-reach, reach))
        return np.asarray(cv2.inRange(part, low, high), np.uint8)

    plain = within(1)
    share = cv2.countNonZero(plain) / plain.size
    nearly = cv2.countNonZero(within(NEARLY)) / plain.size
    edge = np.concatenate([plain[0], plain[-1], plain[:, 0], plain[:, -1]])  # a shadow comes from outside
    at_edge = cv2.countNonZero(edge) / edge.size
    nearly_all = share >= PLAIN and at_edge >= PLAIN_EDGE and nearly - share <= NEARLY_PLAIN
    if not nearly_all and not (at_edge == 1 and share >= PLAIN_WITHIN):
        return None
    # NumPy takes ten times as long to repeat three values as to fill three planes.
    paper = cv2.merge([np.full(pixels.shape[:2], level, np.uint8) for level in (red, green, blue)])
    x, y, wide, high = cv2.boundingRect(cv2.bitwise_not(within(1, pixels)))
    inked = (slice(y, y + high), slice(x, x + wide)) if wide else EVERYWHERE
    return paper, sum(cv2.mean(sample)) <= red + green + blue, inked


def estimate_paper(small: Pixels) -> Pixels:
    """The picture as it was before anybody wrote on it. (h, w, 3) -> (h, w, 3) uint8"""
    light = fit_light(small)[:, :, None]  # (h, w, 1) 1..255
    paper = bare_paper(small)
    if float(light.max()) > 1.05 * float(light.min()):
        # A vignette is followed only once its light is evened out, the edge of a shadow only as it is.
        even = np.minimum(small * (200 / light) + 0.5, 255).astype(np.uint8)
        paper = np.minimum(paper, bare_paper(even) * (light / 200))
    around = box_blur(small.astype(np.float32), max(small.shape) // 8)
    paper = np.maximum(paper, around)  # ink only darkens: paper is nowhere below the mean
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


def smooth_surface(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """The quadratic surface nearest to the picture, ink and paper alike. (h, w) -> (h, w)"""
    terms = quadratic(*grey.shape)  # (h, w, 6)
    flat = terms.reshape(-1, 6)
    return np.asarray(
        terms @ np.linalg.solve(flat.T @ flat + 1e-3 * np.eye(6, dtype=np.float32), flat.T @ grey.ravel())
    )


@lru_cache(maxsize=64)
def quadratic(height: int, width: int) -> NDArray[np.float32]:
    """1, x, y, x², xy, y² over the picture, both sides from -1 to 1. (h, w, 6)"""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)


def box_blur(image: NDArray[np.float32], reach: int, border: int = cv2.BORDER_REPLICATE) -> NDArray[np.float32]:
    reach = max(3, reach) | 1
    blurred: NDArray[np.float32] = cv2.blur(image, (reach, reach), borderType=border)
    return blurred


def across(planes: Pixels, choose: Callable[[Pixels, Pixels], Pixels]) -> Pixels:
    """The least or the most of three channels; NumPy takes thirty times as long along so short an axis."""
    red, green, blue = cv2.split(planes)
    return choose(choose(red, green), blue)


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
