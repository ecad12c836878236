"""The finder of printed boxes: rows of boxes, as on forms, in any colour, with one digit written in each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.reading.arrays import InkBox, Mask, Strength

Contour = NDArray[np.int32]  # (N, 1, 2)

INK_THRESHOLD = 0.3
MIN_SIDE = 10  # px: a smaller box cannot hold a readable digit
MIN_FILL = 0.8  # share of its frame that a box fills; the loops of digits fill less
MAX_BOXES = 2000  # squared paper has more, forms never do
MAX_HOLES = 20_000  # of a box's proportions: noise and mazes have more


@dataclass(frozen=True, slots=True)
class Hole:
    """An area of paper that ink surrounds."""

    contour: Contour
    box: InkBox

    @property
    def area(self) -> tuple[slice, slice]:
        x, y, width, height = self.box
        return slice(y, y + height), slice(x, x + width)


def find_printed_boxes(raw: Strength) -> Iterator[tuple[list[InkBox], Strength]]:
    """Yield each row of at least two boxes with writing in it: the boxes from left to right, and the ink inside them.

    `raw` must still hold the printed lines.
    """
    mask = (raw > INK_THRESHOLD).astype(np.uint8)
    holes = [hole for hole in _find_holes(mask) if _is_box(hole)]
    if len(holes) <= MAX_BOXES:
        for row in _group_in_rows(holes):
            ink = _ink_inside(raw, row)
            if ink is not None:
                yield [hole.box for hole in row], ink


def _find_holes(mask: Mask) -> Iterator[Hole]:
    """Yield the holes that have the size and proportions of a box.

    The outlines of all holes of a maze or of squared paper would take more than a second.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats(1 - mask, connectivity=4)
    x, y, width, height, _ = stats.T
    is_inside = (x > 0) & (y > 0) & (x + width < mask.shape[1]) & (y + height < mask.shape[0])
    # The outline lies on the ink around the hole.
    is_kept = is_inside & _has_proportions(width + 2, height + 2)
    is_kept[0] = False  # the ink
    if is_kept.sum() > MAX_HOLES:
        return
    ink = (~is_kept).astype(np.uint8)[labels]
    contours, tree = cv2.findContours(ink, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if tree is None:
        return
    for contour, links in zip(contours, tree[0], strict=True):
        if links[3] >= 0:
            left, top, *size = cv2.boundingRect(contour)
            yield Hole(np.asarray(contour, np.int32), (left, top, size[0], size[1]))


def _has_proportions(width: Any, height: Any) -> Any:
    """Return whether boxes of these sizes can hold a readable digit."""
    return (np.minimum(width, height) >= MIN_SIDE) & (0.3 * height < width) & (width < 3 * height)


def _is_box(hole: Hole) -> bool:
    """Return whether a hole fills its frame."""
    _, _, width, height = hole.box
    # The hull is compared because a digit that touches its box makes a dent in the hole.
    return bool(cv2.contourArea(cv2.convexHull(hole.contour)) >= MIN_FILL * width * height)


def _group_in_rows(holes: Sequence[Hole]) -> list[list[Hole]]:
    """Group boxes of similar height that stand beside each other; single boxes are left out."""
    rows: list[list[Hole]] = []
    for hole in sorted(holes, key=lambda hole: hole.box[0]):
        row = next((row for row in rows if _continues(row[-1].box, hole.box)), None)
        if row is None:
            rows.append([hole])
        else:
            row.append(hole)
    return [row for row in rows if len(row) > 1]


def _continues(last: InkBox, box: InkBox) -> bool:
    (x0, y0, w0, h0), (x1, y1, _, h1) = last, box
    is_alike = 0.75 < h1 / h0 < 1.33 and abs(y0 + h0 / 2 - y1 - h1 / 2) < 0.25 * h0
    return bool(is_alike and -0.3 * h0 < x1 - x0 - w0 < 0.6 * h0)


def _ink_inside(raw: Strength, row: Sequence[Hole]) -> Strength | None:
    """Return the ink inside a row of boxes, or None where fewer than half of them hold any."""
    height = max(hole.box[3] for hole in row)
    inner = np.zeros(raw.shape, np.uint8)
    for hole in row:  # separately: closing all of them at once would bridge the line between two boxes
        inner[hole.area] |= _writing_area(hole, height)
    filled = sum(bool((raw[hole.area] * inner[hole.area]).max() > 0.5) for hole in row)
    if 2 * filled < len(row) or not filled:
        return None
    return np.where(inner > 0, raw, np.float32(0))


def _writing_area(hole: Hole, height: int) -> NDArray[Any]:
    """Return the mask of a box without its border, including strokes that touch the border. It has the box's size."""
    x, y, box_width, box_height = hole.box
    inner = np.zeros((box_height, box_width), np.uint8)
    cv2.drawContours(inner, [hole.contour], -1, 1, cv2.FILLED, offset=(-x, -y))
    dent, border = max(3, round(0.15 * height)), max(2, round(0.05 * height))
    padded = np.pad(inner, dent)  # without it, closing would treat the edge as ink
    filled = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, np.ones((dent, dent), np.uint8))
    eroded = cv2.erode(filled, np.ones((2 * border + 1, 2 * border + 1), np.uint8))
    return eroded[dent:-dent, dent:-dent]
