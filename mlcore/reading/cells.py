"""Printed boxes in a row, as forms have them, whatever their colour: one digit is written in each."""

from collections.abc import Sequence
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


def find_cells(raw: Strength) -> list[tuple[list[Box], Strength]]:
    """Every row of at least two boxes with writing in it: the boxes from left to right, and the ink inside alone.

    `raw` (H, W) still holds the printed lines.
    """
    mask = (raw > INKED).astype(np.uint8)
    holes = [contour for contour in _holes(mask) if _is_box(contour)]
    return [row for boxes in _rows(holes) if (row := _inside(raw, boxes)) is not None]


def _holes(mask: NDArray[np.uint8]) -> list[Contour]:
    contours, tree = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if tree is None:
        return []
    return [np.asarray(c, np.int32) for c, links in zip(contours, tree[0], strict=True) if links[3] >= 0]


def _is_box(hole: Contour) -> bool:
    _, _, width, height = cv2.boundingRect(hole)
    if min(width, height) < SMALLEST or not 0.3 < width / height < 3:
        return False
    # the hull, because a digit that touches its box bites into the hole
    return bool(cv2.contourArea(cv2.convexHull(hole)) >= SQUARENESS * width * height)


def _rows(holes: Sequence[Contour]) -> list[list[Contour]]:
    """Boxes of one height beside each other."""
    rows: list[list[Contour]] = []
    for hole in sorted(holes, key=lambda contour: int(cv2.boundingRect(contour)[0])):
        row = next((row for row in rows if _continues(row[-1], hole)), None)
        if row is None:
            rows.append([hole])
        else:
            row.append(hole)
    return [row for row in rows if len(row) > 1]


def _continues(last: Contour, hole: Contour) -> bool:
    x0, y0, w0, h0 = cv2.boundingRect(last)
    x1, y1, _, h1 = cv2.boundingRect(hole)
    alike = 0.75 < h1 / h0 < 1.33 and abs(y0 + h0 / 2 - y1 - h1 / 2) < 0.25 * h0
    return bool(alike and -0.3 * h0 < x1 - x0 - w0 < 0.6 * h0)


def _inside(raw: Strength, boxes: Sequence[Contour]) -> tuple[list[Box], Strength] | None:
    height = max(cv2.boundingRect(box)[3] for box in boxes)
    inner = np.zeros(raw.shape, np.uint8)
    for box in boxes:  # one by one: closing would bridge the line between two of them
        inner |= _opened_up(box, raw.shape, height)
    written = sum(bool((_crop(raw, box) * _crop(inner, box)).max() > 0.5) for box in boxes)
    if 2 * written < len(boxes) or not written:
        return None
    places = [tuple(int(side) for side in cv2.boundingRect(box)) for box in boxes]
    return [(x, y, width, height) for x, y, width, height in places], np.where(inner > 0, raw, np.float32(0))


def _opened_up(box: Contour, shape: tuple[int, ...], height: int) -> NDArray[np.uint8]:
    """Where in the box writing can be: without its rim, and with the strokes that bite into it."""
    inner = np.zeros(shape, np.uint8)
    cv2.drawContours(inner, [box], -1, 1, cv2.FILLED)
    x, y, wide, tall = cv2.boundingRect(box)
    bite, rim = max(3, round(0.15 * height)), max(2, round(0.05 * height))
    part = np.pad(inner[y : y + tall, x : x + wide], bite)  # else closing takes the edge for a wall
    filled = cv2.morphologyEx(part, cv2.MORPH_CLOSE, np.ones((bite, bite), np.uint8))
    opened = cv2.erode(filled, np.ones((2 * rim + 1, 2 * rim + 1), np.uint8))
    inner[y : y + tall, x : x + wide] = opened[bite:-bite, bite:-bite]
    return inner


def _crop(image: Strength | NDArray[np.uint8], box: Contour) -> NDArray[Any]:
    x, y, width, height = cv2.boundingRect(box)
    return image[y : y + height, x : x + width]
