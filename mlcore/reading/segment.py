"""From a line that was read to its digits: which ink belongs to which of them."""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.reading.layout import INKED, Box, Region, Strength
from mlcore.reading.normalise import normalise
from mlcore.reading.strip import WIDER, WRITING, Strip

STEP = 4  # px of the strip for one step of the line network
MARK = 0.3  # of a box's height, as a stroke one pixel wide: less ink in it is dirt
WHOLE = 0.88  # of a piece on one side of a cut: then it is not cut


@dataclass(frozen=True, slots=True)
class Part:
    """One digit's ink."""

    box: Box  # in ink px
    input: NDArray[np.uint8]  # (28, 28)
    ink: float  # how much, in px
    cut: bool = False  # from a neighbour's


def cut_digits(region: Region, strip: Strip, steps: tuple[int, ...], stiffness: float) -> list[Part | None]:
    """For every digit, seen at `steps` of the strip, its ink; None where there is none.

    The stiffer, the nearer to the middle between two digits they are cut.
    """
    x, y, width, height = region.box
    crop = region.strength[y : y + height, x : x + width]  # (h, w)
    count, pieces = cv2.connectedComponents((crop > INKED).astype(np.uint8), connectivity=8)
    owners, whole = _owners(pieces, count, _sides(crop.shape, region.box, strip, steps, stiffness), len(steps))
    middles = [(STEP * step + STEP / 2) / strip.scale / WIDER + strip.x - x for step in steps]  # in px of the crop
    writing = WRITING / strip.scale
    parts = []
    for digit, middle in enumerate(middles):
        kept = _kept(np.where(owners == digit, pieces, 0), count, middle, writing)
        parts.append(_part(crop, kept, (x, y), not whole[pieces[kept]].all()) if kept.any() else None)
    return parts


def cut_cells(region: Region) -> list[Part]:
    """The ink of every printed box that has some."""
    parts = []
    for x, y, width, height in region.cells:
        crop = region.strength[y : y + height, x : x + width]
        inked = crop > INKED
        if inked.sum() > MARK * height:
            parts.append(_part(crop, inked, (x, y)))
    return parts


def _sides(
    shape: tuple[int, ...], box: Box, strip: Strip, steps: tuple[int, ...], stiffness: float
) -> NDArray[np.intp]:
    """For each pixel of the crop the digit on whose side of the cuts it lies."""
    seams = np.array([_seam(strip.image, a, b, stiffness) for a, b in pairwise(steps)], np.intp)
    ys, xs = np.indices(shape)
    columns, rows = strip.places(xs + box[0], ys + box[1])
    sides = np.zeros(shape, np.intp)
    for seam in seams:
        sides += columns > seam[rows]
    return sides


def _seam(image: NDArray[np.uint8], before: int, after: int, stiffness: float) -> NDArray[np.intp]:
    """The way from top to bottom between two digits that crosses the least ink: a column for each row."""
    start, stop = STEP * before + STEP // 2, STEP * after + STEP // 2
    between = image[:, start : stop + 1].astype(np.float32) / 255
    width = between.shape[1]
    off_centre = np.linspace(-1, 1, width, dtype=np.float32) ** 2
    cost = between + stiffness * off_centre + 0.01
    total = cost.copy()
    for row in range(1, len(cost)):
        above = np.pad(total[row - 1], 1, constant_values=np.inf)
        total[row] += np.minimum(np.minimum(above[:-2], above[2:]) + 0.02, above[1:-1])
    seam = np.zeros(len(cost), np.intp)
    seam[-1] = total[-1].argmin()
    for row in range(len(cost) - 2, -1, -1):
        low = max(0, seam[row + 1] - 1)
        seam[row] = low + total[row, low : seam[row + 1] + 2].argmin()
    return seam + start


def _owners(
    pieces: NDArray[np.int32], count: int, sides: NDArray[np.intp], digits: int
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """For each pixel its digit, -1 on paper, and which pieces were not cut: they lie nearly whole on one side."""
    inked = pieces > 0
    shares = np.bincount(pieces[inked] * digits + sides[inked], minlength=count * digits).reshape(count, digits)
    whole = shares.max(axis=1) >= WHOLE * np.maximum(shares.sum(axis=1), 1)
    owners = np.where(whole[pieces], shares.argmax(axis=1)[pieces], sides)
    return np.where(inked, owners, -1), whole


def _kept(pieces: NDArray[np.int32], count: int, middle: float, writing: float) -> NDArray[np.bool_]:
    """The pixels of the digit among the pieces on its side: not of dots, dashes and signs beside it."""
    labels = np.unique(pieces[pieces > 0])
    spans = {label: _span(pieces == label) for label in labels.tolist()}
    if not spans:
        return np.zeros(pieces.shape, bool)
    masses = np.bincount(pieces.ravel(), minlength=count)

    def weight(label: int) -> float:
        left, _, right, _ = spans[label]
        outside = max(left - middle, middle - right, 0.0)
        return float(masses[label] * np.exp(-4 * outside / writing))

    main = max([label for label in spans if not _is_rule(spans[label], writing)] or spans, key=weight)
    kept = [label for label in spans if label == main or _belongs(spans[label], spans[main], writing)]
    return np.isin(pieces, kept)


def _span(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _is_rule(piece: tuple[int, int, int, int], writing: float) -> bool:
    left, top, right, bottom = piece
    return right - left > 1.3 * writing and bottom - top < 0.25 * writing


def _belongs(piece: tuple[int, int, int, int], main: tuple[int, int, int, int], writing: float) -> bool:
    """Whether a piece is part of the same digit as the main one."""
    left, top, right, bottom = piece
    apart = max(left, main[0]) - min(right, main[2])  # negative: they lie above one another
    if top >= main[3] or bottom - top < 0.04 * writing:
        return False  # an underline, a comma below, dirt
    if _is_rule(piece, writing):
        return False
    if -apart > 0.4 * min(right - left, main[2] - main[0]):
        return True
    upper = (top + bottom) / 2 < main[1] + 0.45 * (main[3] - main[1])
    tall = bottom - top > 0.4 * writing
    return apart < 0.1 * writing and (tall or upper)


def _part(crop: Strength, kept: NDArray[np.bool_], origin: tuple[int, int], cut: bool = False) -> Part:
    left, top, right, bottom = _span(kept)
    rim = cv2.dilate(kept.astype(np.uint8), np.ones((3, 3), np.uint8))[top:bottom, left:right]
    ink = np.where(rim > 0, crop[top:bottom, left:right], np.float32(0))
    box = (origin[0] + left, origin[1] + top, right - left, bottom - top)
    return Part(box, normalise(ink), float(ink.sum()), cut)
