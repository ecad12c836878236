"""From a line that was read to its digits: which ink belongs to which of them."""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.reading.layout import INKED, Box, Region, Strength
from mlcore.reading.normalise import normalise
from mlcore.reading.strip import STEP, WIDER, WRITING, Strip

MARK = 0.3  # of a box's height, as a stroke one pixel wide: less ink in it is dirt
WHOLE = 0.88  # of a piece on one side of a cut: then it is not cut
FAR_BELOW = 0.35  # of the writing's height: what lies further below a digit is none of it
SIDEWAYS = 0.02  # what a cut's step to the side costs, beside the ink it crosses
LOOSE, STIFF = 0.08, 1.0  # cuts along the least ink, or nearly straight through where round digits touch

Span = tuple[int, int, int, int]  # left, top, right, bottom
Indices = NDArray[np.intp]  # (N,) one for each pixel of ink


@dataclass(frozen=True, slots=True)
class Part:
    """One digit's ink."""

    box: Box  # in ink px
    input: NDArray[np.uint8]  # (28, 28)
    ink: float  # how much, in px
    cut: bool = False  # from a neighbour's


class Cutter:
    """Cuts one line in as many ways as it is asked to; what the ways share is done once."""

    def __init__(self, region: Region, strip: Strip) -> None:
        x, y, width, height = region.box
        self.origin = (x, y)
        self.crop = region.strength[y : y + height, x : x + width]  # (h, w)
        self.strip = strip
        mask = (self.crop > INKED).astype(np.uint8)
        self.count, pieces = cv2.connectedComponents(mask, connectivity=8)
        self.ys, self.xs = np.nonzero(mask)
        self.pieces = pieces[self.ys, self.xs].astype(np.intp)
        self.columns, self.rows = strip.places(self.xs + x, self.ys + y)
        self.seams: dict[tuple[int, int, float], Indices] = {}

    def cut(self, steps: tuple[int, ...], stiffness: float) -> list[Part | None]:
        """For every digit, seen at `steps` of the strip, its ink; None where there is none.

        The stiffer, the nearer to the middle between two digits they are cut.
        """
        owners, whole = self._owners(steps, stiffness)
        middles = [(STEP * s + STEP / 2) / self.strip.scale / WIDER + self.strip.x - self.origin[0] for s in steps]
        return [self._digit(owners == digit, whole, middle) for digit, middle in enumerate(middles)]

    def _owners(self, steps: tuple[int, ...], stiffness: float) -> tuple[Indices, NDArray[np.bool_]]:
        """For each pixel its digit, and which pieces were not cut: they lie nearly whole on one side."""
        sides = np.zeros(len(self.xs), np.intp)
        for before, after in pairwise(steps):
            sides += self.columns > self._seam(before, after, stiffness)[self.rows]
        shares = np.bincount(self.pieces * len(steps) + sides, minlength=self.count * len(steps))
        shares = shares.reshape(self.count, len(steps))
        whole = shares.max(axis=1) >= WHOLE * np.maximum(shares.sum(axis=1), 1)
        return np.where(whole[self.pieces], shares.argmax(axis=1)[self.pieces], sides), whole

    def _seam(self, before: int, after: int, stiffness: float) -> Indices:
        key = (before, after, stiffness)
        if key not in self.seams:
            self.seams[key] = seam(self.strip.image, before, after, stiffness)
        return self.seams[key]

    def _digit(self, mine: NDArray[np.bool_], whole: NDArray[np.bool_], middle: float) -> Part | None:
        if not mine.any():
            return None
        belonging = self._belonging(mine, whole, middle)
        kept = mine & np.isin(self.pieces, belonging)
        return part(self.crop, self.ys[kept], self.xs[kept], self.origin, cut=not whole[belonging].all())

    def _belonging(self, mine: NDArray[np.bool_], whole: NDArray[np.bool_], middle: float) -> list[int]:
        """The pieces of the digit among those on its side: not dots, dashes and signs beside it."""
        writing = WRITING / self.strip.scale
        found = spans_of(self.pieces[mine], self.ys[mine], self.xs[mine])
        spans = {label: bounds for label, (bounds, _) in found.items()}
        weights = {
            label: float(pixels * np.exp(-4 * max(bounds[0] - middle, middle - bounds[2], 0.0) / writing))
            for label, (bounds, pixels) in found.items()
        }
        main = max([label for label in spans if not is_rule(spans[label], writing)] or spans, key=weights.__getitem__)
        return [
            label
            for label in spans
            if label == main or belongs(spans[label], spans[main], writing, is_whole=bool(whole[label]))
        ]


def cut_cells(region: Region) -> list[Part]:
    """The ink of every printed box that has some."""
    parts = []
    for x, y, width, height in region.cells:
        crop = region.strength[y : y + height, x : x + width]
        ys, xs = np.nonzero(crop > INKED)
        if len(ys) > MARK * height:
            parts.append(part(crop, ys, xs, (x, y), cut=False))
    return parts


def seam(image: NDArray[np.uint8], before: int, after: int, stiffness: float) -> Indices:
    """The way from top to bottom between two digits that crosses the least ink: a column for each row."""
    start, stop = STEP * before + STEP // 2, STEP * after + STEP // 2
    between = image[:, start : stop + 1].astype(np.float32) / 255
    rows, width = between.shape
    cost = between + (stiffness * np.linspace(-1, 1, width, dtype=np.float32) ** 2 + 0.01)
    total = np.full((rows, width + 2), np.inf, np.float32)  # a wall on either side
    total[0, 1:-1] = cost[0]
    for row in range(1, rows):
        above = total[row - 1]
        aside = np.minimum(above[:-2], above[2:]) + np.float32(SIDEWAYS)
        total[row, 1:-1] = cost[row] + np.minimum(aside, above[1:-1])
    way = np.zeros(rows, np.intp)
    column = way[-1] = int(total[-1].argmin())
    for row in range(rows - 2, -1, -1):
        column = way[row] = column - 1 + int(total[row, column - 1 : column + 2].argmin())
    return way + (start - 1)


def span(ys: Indices, xs: Indices) -> Span:
    return int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1


def spans_of(labels: Indices, ys: Indices, xs: Indices) -> dict[int, tuple[Span, int]]:
    """Return the bounds and the number of pixels of every piece, by its label, in one pass over all pixels."""
    order = np.argsort(labels, kind="stable")
    values, starts, counts = np.unique(labels[order], return_index=True, return_counts=True)
    ys, xs = ys[order], xs[order]
    bounds = (
        np.minimum.reduceat(xs, starts),
        np.minimum.reduceat(ys, starts),
        np.maximum.reduceat(xs, starts) + 1,
        np.maximum.reduceat(ys, starts) + 1,
    )
    spans = np.stack(bounds, axis=1).tolist()
    return {
        label: (tuple(span), count) for label, span, count in zip(values.tolist(), spans, counts.tolist(), strict=True)
    }


def is_rule(piece: Span, writing: float) -> bool:
    left, top, right, bottom = piece
    return right - left > 1.3 * writing and bottom - top < 0.25 * writing


def belongs(piece: Span, main: Span, writing: float, *, is_whole: bool) -> bool:
    """Whether a piece, or what was cut of one, is part of the same digit as the main piece."""
    left, top, right, bottom = piece
    apart = max(left, main[0]) - min(right, main[2])  # negative: they lie above one another
    if bottom - top < 0.04 * writing:
        return False  # dirt
    if top >= main[3]:  # the lower half of a broken digit, unless it is an underline, a comma, another line
        is_half = is_whole and bottom - top > 0.25 * writing and top - main[3] < FAR_BELOW * writing
        if not is_half:
            return False
    if is_rule(piece, writing):
        return False
    if -apart > 0.4 * min(right - left, main[2] - main[0]):
        return True
    upper = (top + bottom) / 2 < main[1] + 0.45 * (main[3] - main[1])
    tall = bottom - top > 0.4 * writing
    return apart < 0.1 * writing and (tall or upper)


def part(crop: Strength, ys: Indices, xs: Indices, origin: tuple[int, int], *, cut: bool) -> Part:
    left, top, right, bottom = span(ys, xs)
    mask = np.zeros((bottom - top, right - left), np.uint8)
    mask[ys - top, xs - left] = 1
    rim = cv2.dilate(mask, np.ones((3, 3), np.uint8))
    ink = np.where(rim > 0, crop[top:bottom, left:right], np.float32(0))
    box = (origin[0] + left, origin[1] + top, right - left, bottom - top)
    return Part(box, normalise(ink), float(ink.sum()), cut)
