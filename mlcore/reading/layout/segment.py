"""The segmentation of a line: which ink belongs to which digit."""

import hashlib
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.reading.arrays import InkBox, Strength
from mlcore.reading.budget import SORT_UNITS, WorkBudget
from mlcore.reading.layout.normalise import normalise
from mlcore.reading.layout.regions import INK_THRESHOLD, Region
from mlcore.reading.layout.strip import STEP, STRETCH, WRITING, Strip

MIN_BOX_INK = 0.3  # of a printed box's height, as a stroke one pixel wide: less ink in a box is dirt
WHOLE_SHARE = 0.88  # a connected piece with such a share of its ink on one side of a cut is not cut
MAX_GAP_BELOW = 0.35  # of the writing's height: ink further below a digit does not belong to it
SIDEWAYS_COST = 0.02  # of a cut's step to the side, added to the ink that it crosses
MAX_SIGN_REACH = 0.7  # of the writing's height: ink further aside of a sign's place does not belong to it
LOOSE, STIFF = 0.08, 1.0  # stiffness of cuts along the least ink, and of nearly straight ones for round digits

Span = tuple[int, int, int, int]  # left, top, right, bottom
Indices = NDArray[np.intp]  # (N,) one for each pixel of ink
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class DigitCrop:
    """The ink of one digit."""

    box: InkBox
    input: NDArray[np.uint8]  # (28, 28)
    ink: float  # sum of its strength
    is_cut: bool = False  # from the ink of a neighbour


@dataclass(frozen=True, slots=True)
class SignInk:
    """The place of a sign, and how much ink it has; none where only a network saw it."""

    box: InkBox
    ink: float  # sum of its strength


class DigitCutter:
    """A cutter for one line. It computes once what different ways to cut the line share."""

    def __init__(self, region: Region, strip: Strip, budget: WorkBudget | None = None) -> None:
        self.budget = budget or WorkBudget()
        x, y, width, height = region.box
        self.origin = (x, y)
        self.crop = region.strength[y : y + height, x : x + width]  # (h, w)
        self.strip = strip
        mask = (self.crop > INK_THRESHOLD).astype(np.uint8)
        self.count, pieces = cv2.connectedComponents(mask, connectivity=8)
        self.ys, self.xs = np.nonzero(mask)
        self.pieces = pieces[self.ys, self.xs].astype(np.intp)
        self.columns, self.rows = strip.locate(self.xs + x, self.ys + y)
        self.seams: dict[tuple[int, int, float], Indices] = {}
        self.crops: dict[tuple[bytes, float], DigitCrop] = {}

    def cut(
        self, steps: tuple[int, ...], stiffness: float, signs: frozenset[int] = frozenset()
    ) -> list[DigitCrop | None]:
        """Return the ink of each digit, or None where a digit has no ink.

        `steps` are the places of the digits and signs in the strip, and `signs` says which of them are signs. A high
        stiffness keeps the cuts near the middle between two places.
        """
        owners, is_whole = self._assign_pixels(steps, stiffness)
        return [
            self._crop_digit(owners == place, is_whole, middle)
            for place, middle in enumerate(self._middles(steps))
            if place not in signs
        ]

    def find_signs(self, steps: tuple[int, ...], stiffness: float, signs: frozenset[int]) -> list[SignInk]:
        """Return the ink of each sign. The arguments are those of `cut`."""
        if not signs:
            return []
        owners, _ = self._assign_pixels(steps, stiffness)
        return [
            self._find_sign(owners == place, middle)
            for place, middle in enumerate(self._middles(steps))
            if place in signs
        ]

    def _middles(self, steps: tuple[int, ...]) -> list[float]:
        return [(STEP * s + STEP / 2) / self.strip.scale / STRETCH + self.strip.x - self.origin[0] for s in steps]

    def _find_sign(self, is_own: Flags, middle: float) -> SignInk:
        writing = WRITING / self.strip.scale
        is_near = is_own & (np.abs(self.xs - middle) < MAX_SIGN_REACH * writing)
        height, width = self.crop.shape
        if is_near.any():
            left, top, right, bottom = measure_span(self.ys[is_near], self.xs[is_near])
        else:
            left = int(np.clip(middle - 0.1 * writing, 0, width - 1))
            right, top, bottom = min(width, left + max(1, round(0.2 * writing))), 0, height
        box = (self.origin[0] + left, self.origin[1] + top, right - left, bottom - top)
        return SignInk(box, float(self.crop[self.ys[is_near], self.xs[is_near]].sum()))

    def _assign_pixels(self, steps: tuple[int, ...], stiffness: float) -> tuple[Indices, Flags]:
        """Return the digit of each pixel, and which connected pieces were not cut."""
        sides = np.zeros(len(self.xs), np.intp)
        for before, after in pairwise(steps):
            sides += self.columns > self._seam(before, after, stiffness)[self.rows]
        shares = np.bincount(self.pieces * len(steps) + sides, minlength=self.count * len(steps))
        shares = shares.reshape(self.count, len(steps))
        is_whole = shares.max(axis=1) >= WHOLE_SHARE * np.maximum(shares.sum(axis=1), 1)
        return np.where(is_whole[self.pieces], shares.argmax(axis=1)[self.pieces], sides), is_whole

    def _seam(self, before: int, after: int, stiffness: float) -> Indices:
        key = (before, after, stiffness)
        if key not in self.seams:
            self.seams[key] = find_seam(self.strip.image, before, after, stiffness)
        return self.seams[key]

    def _crop_digit(self, is_own: Flags, is_whole: Flags, middle: float) -> DigitCrop | None:
        own = np.flatnonzero(is_own)
        if not len(own):
            return None
        self.budget.spend(SORT_UNITS * len(own))
        # Texts that differ in a few digits share the others. The pixels tell also which pieces are cut.
        key = (hashlib.blake2b(own.tobytes(), digest_size=16).digest(), middle)
        if key not in self.crops:
            self.crops[key] = self._crop_pixels(own, is_whole, middle)
        return self.crops[key]

    def _crop_pixels(self, own: Indices, is_whole: Flags, middle: float) -> DigitCrop:
        belonging = self._find_pieces(own, is_whole, middle)
        chosen = own[np.isin(self.pieces[own], belonging)]
        is_cut = not is_whole[belonging].all()
        return make_crop(self.crop, self.ys[chosen], self.xs[chosen], self.origin, self.budget, is_cut=is_cut)

    def _find_pieces(self, own: Indices, is_whole: Flags, middle: float) -> list[int]:
        """Return the pieces of the digit, without dots, dashes and signs beside it."""
        writing = WRITING / self.strip.scale
        measured = measure_spans(self.pieces[own], self.ys[own], self.xs[own])
        spans = {label: span for label, (span, _) in measured.items()}
        weights = {
            label: float(pixels * np.exp(-4 * max(span[0] - middle, middle - span[2], 0.0) / writing))
            for label, (span, pixels) in measured.items()
        }
        main = max([label for label in spans if not is_ruling(spans[label], writing)] or spans, key=weights.__getitem__)
        return [
            label
            for label in spans
            if label == main or belongs_to(spans[label], spans[main], writing, is_whole=bool(is_whole[label]))
        ]


def crop_printed_boxes(region: Region, budget: WorkBudget | None = None) -> list[DigitCrop]:
    """Return the ink of each printed box that holds some."""
    budget = budget or WorkBudget()
    return [crop for box in region.printed_boxes if (crop := crop_box(region, budget, box))]


def crop_box(region: Region, budget: WorkBudget, box: InkBox) -> DigitCrop | None:
    """Return the ink in a box, None if it is no more than dirt."""
    x, y, width, height = box
    inside = region.strength[y : y + height, x : x + width]
    ys, xs = np.nonzero(inside > INK_THRESHOLD)
    if len(ys) <= MIN_BOX_INK * height:
        return None
    return make_crop(inside, ys, xs, (x, y), budget, is_cut=False)


def find_seam(image: NDArray[np.uint8], before: int, after: int, stiffness: float) -> Indices:
    """Return the path from top to bottom between two digits that crosses the least ink: a column for each row."""
    start, stop = STEP * before + STEP // 2, STEP * after + STEP // 2
    between = image[:, start : stop + 1].astype(np.float32) / 255
    rows, width = between.shape
    cost = between + (stiffness * np.linspace(-1, 1, width, dtype=np.float32) ** 2 + 0.01)
    total = np.full((rows, width + 2), np.inf, np.float32)  # with an impassable column on either side
    total[0, 1:-1] = cost[0]
    for row in range(1, rows):
        above = total[row - 1]
        diagonal = np.minimum(above[:-2], above[2:]) + np.float32(SIDEWAYS_COST)
        total[row, 1:-1] = cost[row] + np.minimum(diagonal, above[1:-1])
    path = np.zeros(rows, np.intp)
    column = path[-1] = int(total[-1].argmin())
    for row in range(rows - 2, -1, -1):
        column = path[row] = column - 1 + int(total[row, column - 1 : column + 2].argmin())
    return path + (start - 1)


def measure_span(ys: Indices, xs: Indices) -> Span:
    return int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1


def measure_spans(labels: Indices, ys: Indices, xs: Indices) -> dict[int, tuple[Span, int]]:
    """Return the span and the number of pixels of each piece by its label, in one pass over all pixels."""
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


def is_ruling(piece: Span, writing: float) -> bool:
    left, top, right, bottom = piece
    return right - left > 1.3 * writing and bottom - top < 0.25 * writing


def belongs_to(piece: Span, main: Span, writing: float, *, is_whole: bool) -> bool:
    """Return whether a piece, or the part of it on this side of a cut, belongs to the same digit as the main piece."""
    left, top, right, bottom = piece
    gap = max(left, main[0]) - min(right, main[2])  # negative: they lie above one another
    if bottom - top < 0.04 * writing:
        return False  # dirt
    if top >= main[3]:  # the lower half of a broken digit, or an underline, a comma, another line
        is_half = is_whole and bottom - top > 0.25 * writing and top - main[3] < MAX_GAP_BELOW * writing
        if not is_half:
            return False
    if is_ruling(piece, writing):
        return False
    if -gap > 0.4 * min(right - left, main[2] - main[0]):
        return True
    is_upper = (top + bottom) / 2 < main[1] + 0.45 * (main[3] - main[1])
    is_tall = bottom - top > 0.4 * writing
    return gap < 0.1 * writing and (is_tall or is_upper)


def make_crop(
    strength: Strength, ys: Indices, xs: Indices, origin: tuple[int, int], budget: WorkBudget, *, is_cut: bool
) -> DigitCrop:
    left, top, right, bottom = measure_span(ys, xs)
    budget.spend_on_crop(right - left, bottom - top)
    mask = np.zeros((bottom - top, right - left), np.uint8)
    mask[ys - top, xs - left] = 1
    mask = cv2.dilate(mask, np.ones((3, 3), np.uint8))
    ink = np.where(mask > 0, strength[top:bottom, left:right], np.float32(0))
    box = (origin[0] + left, origin[1] + top, right - left, bottom - top)
    return DigitCrop(box, normalise(ink), float(ink.sum()), is_cut)
