"""The frame of a picture: borders of cells, black frames and strips of table along the edges. It is not writing."""

import cv2
import numpy as np

from mlcore.reading.arrays import Pixels, Strength
from mlcore.reading.ink.paper import PAPER_SIDE, average_blocks

MAX_DEPTH = 0.3  # of the picture's side: how far a frame may reach into it
EVEN = 0.1  # of the contrast: a row's pixels that lie further from its median are uneven
MAX_UNEVEN = 0.12  # share of a frame's row that is uneven
MIN_DIFFERENCE = 0.2  # of the contrast: between the frame and the paper
MIN_JUMP = 0.4  # of its difference to the paper: how sharply a frame ends
MAX_CONTACT = 0.1  # share of a line that ink touches; the bar of a 7 is a line with more contact
MAX_STROKE_WIDTH = 0.25  # of the picture's height: a wider strip at the side is no 1
MAX_WRITING_HEIGHT = 0.85  # of the picture's height: in a number cropped to its ink a 1 at the side is not taller


def remove_frame(pixels: Pixels) -> Pixels:
    """Return the picture with the frame's pixels painted in the colour of the paper beside it."""
    height, width = pixels.shape[:2]
    block = -(-max(height, width) // PAPER_SIDE)
    whole = cv2.copyMakeBorder(pixels, 0, -height % block, 0, -width % block, cv2.BORDER_REPLICATE)
    grey = cv2.cvtColor(average_blocks(whole, PAPER_SIDE), cv2.COLOR_RGB2GRAY).astype(np.float32)  # (h, w)
    top, bottom, left, right = (depth * block for depth in find_frame(grey))
    inner = pixels[top : height - bottom, left : width - right]
    if inner.shape == pixels.shape or min(inner.shape[:2]) < 3:
        return pixels
    painted = pixels.copy()
    painted[:top], painted[height - bottom :] = np.median(inner[0], axis=0), np.median(inner[-1], axis=0)
    painted[:, :left], painted[:, width - right :] = np.median(inner[:, 0], axis=0), np.median(inner[:, -1], axis=0)
    return painted


def find_frame(grey: Strength) -> tuple[int, int, int, int]:
    """Return how many rows the frame covers at the top and at the bottom, and how many columns at both sides."""
    contrast = float(np.percentile(grey, 99) - np.percentile(grey, 1))
    if contrast < 1 or min(grey.shape) < 8:
        return 0, 0, 0, 0
    paper = float(np.median(inner_half(grey)))
    top, bottom = (find_band(side, paper, contrast) for side in (grey, grey[::-1]))
    level = grey[top : len(grey) - bottom].T  # the frame's corners belong to its rows
    left, right = (find_band(side, paper, contrast) for side in (level, level[::-1]))
    depths = (top, bottom, left, right)
    if not (top or bottom) and (left or right) and may_be_stroke(grey, paper, contrast, depths):
        return 0, 0, 0, 0
    return depths


def inner_half(grey: Strength) -> Strength:
    height, width = grey.shape
    return grey[height // 4 : height - height // 4, width // 4 : width - width // 4]


def find_band(grey: Strength, paper: float, contrast: float) -> int:
    """Return how many of the first rows belong to a frame."""
    rows = grey[: max(1, int(MAX_DEPTH * len(grey)))]
    levels = np.median(rows, axis=1)
    is_even = (np.abs(rows - levels[:, None]) > EVEN * contrast).mean(axis=1) < MAX_UNEVEN
    even_rows = len(rows) if is_even.all() else int(np.argmin(is_even))
    differences = np.abs(levels[:even_rows] - paper)
    strongest = float(differences.max(initial=0))
    if strongest < MIN_DIFFERENCE * contrast:
        return 0
    band = np.flatnonzero(differences > strongest / 2)
    depth = int(band[-1]) + 1
    if depth >= len(rows):
        return 0  # something larger begins here
    jump = abs(levels[band[-1]] - float(np.median(grey[min(depth + 1, len(grey) - 1)])))
    if jump < MIN_JUMP * strongest:
        return 0  # the shade of uneven light
    beside = grey[depth + 1] if depth + 1 < len(grey) else grey[-1]
    is_as_dark = (beside - paper) * np.sign(levels[band[-1]] - paper) > strongest / 2
    between = np.flatnonzero(~is_as_dark)  # outside of it the frame's sides go on
    if not between.size or is_as_dark[between[0] : between[-1] + 1].mean() > MAX_CONTACT:
        return 0
    if len(between) < 0.5 * len(is_as_dark):
        return 0
    return min(depth + 1, len(rows))  # with its soft edge


def may_be_stroke(grey: Strength, paper: float, contrast: float, depths: tuple[int, int, int, int]) -> bool:
    """Return whether a band along a side may be the stroke of a 1 in a number that is cropped to its ink."""
    height, width = grey.shape
    _, _, left, right = depths
    if max(left, right) > MAX_STROKE_WIDTH * height:
        return False
    inner = grey[:, left : width - right]
    rows = np.flatnonzero((np.abs(inner - paper) > 0.35 * contrast).any(axis=1))
    return not rows.size or bool(rows[-1] + 1 - rows[0] > MAX_WRITING_HEIGHT * height)
