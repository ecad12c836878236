"""Printed boxes in a row, as forms have them, whatever their colour: one digit is written in each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Strength = NDArray[np.float32]  # (H, W), 0 is paper, 1 is full ink
Contour = NDArray[np.int32]  # (N, 1, 2)
Box = tuple[int, int, int, int]  # x, y, width, height

INKED = 0.3
SMALLEST = 10  # px: a lower box holds no digit that could be read
SQUARENESS = 0.8  # how much of its frame a box fills; loops of digits fill less, or are empty
MOST_BOXES = 2000  # no form has more: it is squared paper


@dataclass(frozen=True, slots=True)
class Hole:
    """Paper with ink all round it."""

    contour: Contour
    box: Box

    @property
    def place(self) -> tuple[slice, slice]:
        x, y, width, height = self.box
        return slice(y, y + height), slice(x, x + width)


def find_cells(raw: Strength) -> Iterator[tuple[list[Box], Strength]]:
    """Every row of at least two boxes with writing in it: the boxes from left to right, and the ink inside alone.

    `raw` (H, W) still holds the printed lines.
    """
    mask = (raw > INKED).astype(np.uint8)
    holes = [hole for hole in _holes(mask) if _is_box(hole)]
    if len(holes) <= MOST_BOXES:
        for row in _rows(holes):
            ink = _inside(raw, row)
            if ink is not None:
                yield [hole.box for hole in row], ink


def _holes(mask: NDArray[np.uint8]) -> Iterator[Hole]:
    contours, tree = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if tree is None:
        return
    for contour, links in zip(contours, tree[0], strict=True):
        if links[3] >= 0:
            x, y, width, height = cv2.boundingRect(contour)
            yield Hole(np.asarray(contour, np.int32), (x, y, width, height))


def _is_box(hole: Hole) -> bool:
    _, _, width, height = hole.box
    if min(width, height) < SMALLEST or not 0.3 < width / height < 3:
        return False
    # the hull, because a digit that touches its box bites into the hole
    return bool(cv2.contourArea(cv2.convexHull(hole.contour)) >= SQUARENESS * width * height)


def _rows(holes: Sequence[Hole]) -> list[list[Hole]]:
    """Boxes of one height beside each other."""
    rows: list[list[Hole]] = []
    for hole in sorted(holes, key=lambda hole: hole.box[0]):
        row = next((row for row in rows if _continues(row[-1].box, hole.box)), None)
        if row is None:
            rows.append([hole])
        else:
            row.append(hole)
    return [row for row in rows if len(row) > 1]


def _continues(last: Box, box: Box) -> bool:
    (x0, y0, w0, h0), (x1, y1, _, h1) = last, box
    alike = 0.75 < h1 / h0 < 1.33 and abs(y0 + h0 / 2 - y1 - h1 / 2) < 0.25 * h0
    return bool(alike and -0.3 * h0 < x1 - x0 - w0 < 0.6 * h0)


def _inside(raw: Strength, row: Sequence[Hole]) -> Strength | None:
    """The ink in a row of boxes; None where fewer than half of them hold any."""
    height = max(hole.box[3] for hole in row)
    inner = np.zeros(raw.shape, np.uint8)
    for hole in row:  # one by one: closing would bridge the line between two of them
        inner[hole.place] |= _opened_up(hole, height)
    written = sum(bool((raw[hole.place] * inner[hole.place]).max() > 0.5) for hole in row)
    if 2 * written < len(row) or not written:
        return None
    return np.where(inner > 0, raw, np.float32(0))


def _opened_up(hole: Hole, height: int) -> NDArray[Any]:
    """Where in the box writing can be: without its rim, and with the strokes that bite into it. Of the box's size"""
    x, y, wide, tall = hole.box
    inner = np.zeros((tall, wide), np.uint8)
    cv2.drawContours(inner, [hole.contour], -1, 1, cv2.FILLED, offset=(-x, -y))
    bite, rim = max(3, round(0.15 * height)), max(2, round(0.05 * height))
    part = np.pad(inner, bite)  # else closing takes the edge for a wall
    filled = cv2.morphologyEx(part, cv2.MORPH_CLOSE, np.ones((bite, bite), np.uint8))
    opened = cv2.erode(filled, np.ones((2 * rim + 1, 2 * rim + 1), np.uint8))
    return opened[bite:-bite, bite:-bite]
