"""How much of some ink was written, and is not only the edge of a thing or of its shadow."""

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.reading.ink import Ink
from mlcore.reading.paper import across, reduce

Pixels = NDArray[np.uint8]  # (H, W, 3) RGB
Plane = TypeVar("Plane", Pixels, NDArray[np.float32])

FEW = 16  # px between those that tell whether the paper, which is smooth, is of one colour
SIDE = 160  # px: enough to see on which sides of a stroke it is bright


def written(ink: Ink) -> float:
    """The share of the ink that is darker than what lies on both sides of it, as a stroke is; an edge is darker than
    one of its sides."""
    light = ink.paper[::FEW, ::FEW]
    if (light == light[0, 0]).all():  # as on a canvas: there are no shades
        return 1.0
    paper, work, strength = thinned(ink.paper), thinned(ink.pixels), thinned(ink.strength)
    mask = np.pad((strength > 0.25).view(np.uint8), 1)
    widest = 2 * float(cv2.distanceTransform(mask, cv2.DIST_L2, 3).max())
    window = np.ones(((round(widest) + 2) | 1,) * 2, np.uint8)
    closed = cv2.morphologyEx(work, cv2.MORPH_CLOSE, window, borderType=cv2.BORDER_REPLICATE)
    darker = across(cv2.subtract(paper, work), cv2.max) * strength  # (h, w) than the paper
    standing = across(cv2.subtract(closed, work), cv2.max) * strength  # than both sides
    return float(np.minimum(standing, darker).sum() / max(darker.sum(), 1e-6))


def thinned(plane: Plane) -> Plane:
    """Every few pixels, averaged: a stroke is still darker than its sides."""
    step = max(1, max(plane.shape) // (2 * SIDE))
    return np.asarray(reduce(np.ascontiguousarray(plane[::step, ::step]), SIDE), plane.dtype)
