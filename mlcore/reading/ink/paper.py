"""The estimate of the bare paper: its colour, light, shadows and stains, as if nothing were written on it."""

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np

from mlcore.reading.arrays import Pixels, Strength

Plane = Strength  # float32 in any range and with any number of channels

Colour = tuple[int, int, int]
PixelArea = tuple[slice, slice]  # rows and columns
WHOLE_PICTURE: PixelArea = (slice(None), slice(None))

PAPER_SIDE = 96  # px: light changes slowly, so a picture this small is enough to estimate the paper
LIGHT_SIDE = 32
SAMPLE_SIDE = 128  # px of the sample that tells whether the paper is plain
# Shares of a plain picture that have the paper's colour: of all pixels, and of those at the edge.
MIN_PLAIN, MIN_PLAIN_EDGE = 0.6, 0.9
# Shadows, grain and faint strokes lie near the paper's colour: a plain picture has at most this share of pixels
# within this many levels.
NEAR_LEVELS, MAX_NEAR = 48, 0.03
MIN_BARE = 0.06  # share of a picture cropped to its ink that is bare paper: an upright 1 leaves only its corners
MIN_PLAIN_INSIDE = 0.4  # share that is enough where the whole edge is plain: bold ink in a small picture


def find_plain_paper(pixels: Pixels) -> tuple[Pixels, bool, PixelArea] | None:
    """Return the colour of plain paper, as on a canvas or a clean scan, or None where the paper is not plain.

    Also returns whether the ink is darker than the paper (of other paper, `polarity.is_dark_on_light` tells it), and
    the area that holds all ink (the whole picture where there is none).
    """
    step = 1 + max(pixels.shape) // SAMPLE_SIDE
    sample = np.ascontiguousarray(pixels[::step, ::step])
    red, green, blue = colour = find_usual_colour(sample)

    def is_near(levels: int, part: Pixels = sample) -> Pixels:  # (n, m) 255 or 0
        low, high = ((red + off, green + off, blue + off) for off in (-levels, levels))
        return np.asarray(cv2.inRange(part, low, high), np.uint8)

    is_plain = is_near(1)
    plain = cv2.countNonZero(is_plain) / is_plain.size
    near = cv2.countNonZero(is_near(NEAR_LEVELS)) / is_plain.size
    edge = np.concatenate([is_plain[0], is_plain[-1], is_plain[:, 0], is_plain[:, -1]])  # shadows fall across the edge
    plain_edge = cv2.countNonZero(edge) / edge.size
    is_mostly_plain = plain >= MIN_PLAIN and plain_edge >= MIN_PLAIN_EDGE and near - plain <= MAX_NEAR
    if not is_mostly_plain and not (plain_edge == 1 and plain >= MIN_PLAIN_INSIDE):
        return None
    area = find_differing_area(pixels, colour, 1)
    return plane_of(colour), sum(cv2.mean(sample)) <= red + green + blue, area


def find_differing_area(pixels: Pixels, colour: Colour, levels: int) -> PixelArea:
    """Return the area of all pixels that differ from the colour by more than so many levels; the whole if none does."""
    height, width = pixels.shape[:2]
    low = [max(level - levels, 0) for level in colour]
    high = [min(level + levels, 255) for level in colour]
    # Wraps around below `low`. Rows without an axis of channels are compared in a third of the time of `cv2.inRange`.
    above_low = pixels.reshape(height, -1) - np.tile(np.array(low, np.uint8), width)
    differs = above_low > np.tile(np.subtract(high, low).astype(np.uint8), width)
    left, top, reach, inked_height = cv2.boundingRect(differs.view(np.uint8))
    if not reach:
        return WHOLE_PICTURE
    return slice(top, top + inked_height), slice(left // 3, (left + reach - 1) // 3 + 1)


def find_usual_colour(sample: Pixels) -> Colour:
    """Return the most frequent level of each channel."""
    corner: Colour = tuple(sample[0, 0].tolist())
    if 2 * cv2.countNonZero(cv2.inRange(sample, corner, corner)) > sample.shape[0] * sample.shape[1]:
        return corner  # a majority needs no histograms
    red, green, blue = (int(cv2.calcHist([sample], [c], None, [256], [0, 256]).argmax()) for c in range(3))
    return red, green, blue


def find_bare_colour(pixels: Pixels) -> Colour | None:
    """Return the colour of plain paper under dark ink that may fill the picture, or None where there is none.

    The paper is the brightest colour. Shades lie only along the strokes: elsewhere they are shadows.
    """
    step = 1 + max(pixels.shape) // SAMPLE_SIDE
    sample = np.ascontiguousarray(pixels[::step, ::step])
    red, green, blue = sample.reshape(-1, 3).max(axis=0).tolist()

    def is_near(levels: int) -> Pixels:  # (n, m) 255 or 0
        low = (red - levels, green - levels, blue - levels)
        return np.asarray(cv2.inRange(sample, low, (255.0, 255.0, 255.0)), np.uint8)

    is_plain, is_light = is_near(2), is_near(NEAR_LEVELS)
    if cv2.countNonZero(is_plain) < MIN_BARE * is_plain.size:
        return None
    darkness = reduce_channels(cv2.subtract(np.full_like(sample, (red, green, blue)), sample), cv2.max)
    is_full_ink = np.where(darkness >= int(darkness.max()) - NEAR_LEVELS, np.uint8(255), np.uint8(0))
    beside_ink, beside_full_ink, beside_paper = (
        cv2.dilate(mask, np.ones((5, 5), np.uint8)) for mask in (cv2.bitwise_not(is_light), is_full_ink, is_plain)
    )
    light_shades = cv2.countNonZero(is_light & ~is_plain & ~beside_ink)
    dark_shades = cv2.countNonZero(~is_light & ~beside_full_ink & ~beside_paper)
    return (red, green, blue) if max(light_shades, dark_shades) <= MAX_NEAR * is_plain.size else None


def plane_of(colour: Colour) -> Pixels:
    """Return paper of one colour, (1, 1, 3): it fits a picture of any size."""
    return np.array([[colour]], np.uint8)


def spread_out(paper: Pixels, like: Pixels) -> Pixels:
    """Return the paper in the picture's size. NumPy takes ten times as long to repeat values as to fill planes."""
    if paper.shape == like.shape:
        return paper
    plane: Pixels = cv2.merge([np.full(like.shape[:2], level, np.uint8) for level in paper[0, 0].tolist()])
    return plane


def estimate_paper(small: Pixels) -> Pixels:
    """Return the picture without its ink. (h, w, 3) -> (h, w, 3) uint8"""
    light = fit_light(small)[:, :, None]  # (h, w, 1) 1..255
    paper = bare_paper(small)
    if float(light.max()) > 1.05 * float(light.min()):
        # Only evened light reveals a vignette; only the original light keeps the edge of a shadow.
        even = np.minimum(small * (200 / light) + 0.5, 255).astype(np.uint8)
        paper = np.minimum(paper, bare_paper(even) * (light / 200))
    mean = box_blur(small.astype(np.float32), max(small.shape) // 8)
    paper = np.maximum(paper, mean)  # ink only darkens, so the paper is nowhere below the mean
    return np.clip(np.rint(paper), 1, 255).astype(np.uint8)


def bare_paper(small: Pixels) -> Plane:
    """Return the average of the bare paper, continued under the ink. (h, w, 3) uint8 -> (h, w, 3) 0..255"""
    reach = max(3, max(small.shape) // 2) | 1  # wider than the widest blot of ink
    window = np.ones((reach, reach), np.uint8)
    bright = cv2.morphologyEx(small, cv2.MORPH_CLOSE, window, borderType=cv2.BORDER_REPLICATE)
    gap = reduce_channels(cv2.subtract(bright, small), cv2.max)  # (h, w) uint8
    typical = float(np.median(gap))
    spread = float(np.median(cv2.absdiff(gap, np.full_like(gap, round(typical)))))
    is_bare = (gap <= typical + 4 * spread + 0.03 * float(gap.max())).astype(np.float32)[:, :, None]
    known = np.concatenate([small * is_bare, is_bare], axis=2)  # (h, w, 4)
    blurred = box_blur(box_blur(known, max(small.shape) // 6), max(small.shape) // 6)
    weight = blurred[:, :, 3:]
    mean = np.where(weight > 1e-3, blurred[:, :, :3] / np.maximum(weight, 1e-3), bright)
    return np.minimum(mean, bright)  # `bright` keeps the edge of a shadow sharp


def fit_light(small: Pixels) -> Plane:
    """Fit a quadratic surface to the paper's brightness; ink gets less weight in each round. -> (h, w) 1..255"""
    coarse = cv2.cvtColor(average_blocks(small, LIGHT_SIDE), cv2.COLOR_RGB2GRAY)
    brightness = coarse.astype(np.float32).ravel()
    terms = quadratic_terms(*coarse.shape).reshape(-1, 6)
    weight = np.ones_like(brightness)
    surface = terms[0]
    for tolerance in (6.0, 4.0, 3.0, 2.0, 1.5, 1.5, 1.5):  # starts high, so that dark corners are not taken for ink
        weighted = (terms * weight[:, None]).T  # (6, n)
        surface = np.linalg.solve(weighted @ terms + 1e-3 * np.eye(6, dtype=np.float32), weighted @ brightness)
        off = brightness - terms @ surface
        spread = 1 + tolerance * float(np.median(np.abs(off)))
        weight = np.where(off < 0, np.exp(-np.square(off / spread)), 1).astype(np.float32)
    return np.clip(quadratic_terms(*small.shape[:2]) @ surface, 1, 255)


def fit_surface(grey: Plane) -> Plane:
    """Fit a quadratic surface to the whole picture, ink included. (h, w) -> (h, w)"""
    terms = quadratic_terms(*grey.shape)  # (h, w, 6)
    flat = terms.reshape(-1, 6)
    return np.asarray(
        terms @ np.linalg.solve(flat.T @ flat + 1e-3 * np.eye(6, dtype=np.float32), flat.T @ grey.ravel())
    )


@lru_cache(maxsize=64)
def quadratic_terms(height: int, width: int) -> Plane:
    """Return 1, x, y, x², xy, y² over the picture, both sides from -1 to 1. (h, w, 6)"""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)


def box_blur(image: Plane, reach: int, border: int = cv2.BORDER_REPLICATE) -> Plane:
    reach = max(3, reach) | 1
    blurred: Plane = cv2.blur(image, (reach, reach), borderType=border)
    return blurred


def reduce_channels(planes: Pixels, choose: Callable[[Pixels, Pixels], Pixels]) -> Pixels:
    """Return the least or the most of three channels. NumPy takes thirty times as long along so short an axis."""
    red, green, blue = cv2.split(planes)
    return choose(choose(red, green), blue)


def average_blocks(pixels: Pixels, side: int) -> Pixels:
    """Average whole blocks of pixels, several times faster than resizing. (h, w, 3) -> at most (side, side, 3)"""
    block = -(-max(pixels.shape) // side)
    height, width = max(pixels.shape[0] // block, 1), max(pixels.shape[1] // block, 1)
    whole = pixels[: height * block, : width * block]
    reduced: Pixels = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA) if block > 1 else pixels
    return reduced


def enlarge_to(small: Pixels, like: Pixels) -> Pixels:
    large: Pixels = cv2.resize(small, (like.shape[1], like.shape[0]), interpolation=cv2.INTER_LINEAR)
    return large
