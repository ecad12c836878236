"""The test that tells strokes from shades: a stroke is darker than both its sides, a shadow's edge only than one."""

from typing import TypeVar

import cv2
import numpy as np

from mlcore.reading.arrays import Pixels, Strength
from mlcore.reading.ink.extraction import Ink
from mlcore.reading.ink.paper import average_blocks, reduce_channels

Plane = TypeVar("Plane", Pixels, Strength)

PAPER_STEP = 16  # px between the samples that tell whether the paper has one colour
SIDE = 160  # px: enough to compare a stroke with its sides


def stroke_share(ink: Ink) -> float:
    """Return the share of the ink that is darker than what lies on both sides of it."""
    samples = ink.paper[::PAPER_STEP, ::PAPER_STEP]
    if (samples == samples[0, 0]).all():  # as on a drawing canvas, where no shades occur
        return 1.0
    paper, work, strength = downsample(ink.paper), downsample(ink.pixels), downsample(ink.strength)
    mask = np.pad((strength > 0.25).view(np.uint8), 1)
    widest = 2 * float(cv2.distanceTransform(mask, cv2.DIST_L2, 3).max())
    window = np.ones(((round(widest) + 2) | 1,) * 2, np.uint8)
    closed = cv2.morphologyEx(work, cv2.MORPH_CLOSE, window, borderType=cv2.BORDER_REPLICATE)
    below_paper = reduce_channels(cv2.subtract(paper, work), cv2.max) * strength  # (h, w)
    below_sides = reduce_channels(cv2.subtract(closed, work), cv2.max) * strength
    return float(np.minimum(below_sides, below_paper).sum() / max(below_paper.sum(), 1e-6))


def downsample(plane: Plane) -> Plane:
    """Return a plane of at most SIDE pixels: every few pixels are sampled, and then averaged."""
    step = max(1, max(plane.shape) // (2 * SIDE))
    return np.asarray(average_blocks(np.ascontiguousarray(plane[::step, ::step]), SIDE), plane.dtype)
