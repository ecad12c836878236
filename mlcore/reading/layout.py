"""Where in the picture a line of digits may be: in printed boxes, or among the pieces of ink."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.reading.cells import find_cells
from mlcore.reading.ink import Ink, find_printed
from mlcore.reading.normalise import ink_box
from mlcore.reading.specks import remove_specks

Strength = NDArray[np.float32]  # (H, W), 0 is paper, 1 is full ink
Box = tuple[int, int, int, int]  # x, y, width, height

INKED = 0.25
MOST_PIECES = 400  # more pieces of ink are noise; the largest are looked at
MOST_LINES = 4
FRAMED = 2  # pieces, and itself: more of them inside make a piece a frame
LEAST_TALL = 0.5  # of the line's height: lower ink is a dot or a dash
WIDEST_GAP = 2.5  # between neighbours on one line, in heights


@dataclass(frozen=True, slots=True)
class Region:
    """Ink that may be one line of writing."""

    box: Box  # in ink px
    strength: Strength  # (H, W) of the whole picture: other ink is taken away
    share: float  # of the picture's ink, 0..1
    cells: tuple[Box, ...] = ()  # the printed boxes it is written in, from left to right


def find_regions(ink: Ink) -> list[Region]:
    """The likeliest first."""
    printed = find_printed(ink)  # with printed lines
    cells = islice(find_cells(printed), MOST_LINES)
    boxed = [Region(around(boxes), strength, 1.0, tuple(boxes)) for boxes, strength in cells]
    if boxed:
        return [*boxed, *find_lines(ink.strength)]  # squared paper has boxes as well
    # erasing printed lines may cost digits their strokes; not erasing them may drown digits in them, or tie some of
    # them to a frame and away from their neighbours: try each, and all ink as it is
    kept = remove_specks(printed)[0]
    lines = find_lines(kept)
    return [*find_lines(ink.strength), *lines, *(whole(kept) if len(lines) > 1 else ())]


def whole(strength: Strength) -> tuple[Region, ...]:
    """All ink as one line."""
    box = ink_box(strength)
    return (Region(box, strength, 1.0),) if box else ()


def around(boxes: Sequence[Box]) -> Box:
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[0] + box[2] for box in boxes), max(box[1] + box[3] for box in boxes)
    return left, top, right - left, bottom - top


def find_lines(strength: Strength) -> list[Region]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats((strength > INKED).astype(np.uint8), connectivity=8)
    if count < 2:
        return []
    pieces = 1 + np.argsort(-stats[1:, cv2.CC_STAT_AREA])[:MOST_PIECES]  # labels
    groups = group(stats[pieces, :4])
    whole = max(float(stats[1:, cv2.CC_STAT_AREA].sum()), 1.0)
    regions = []
    for member in range(groups.max() + 1):
        kept = pieces[groups == member]
        share = float(stats[kept, cv2.CC_STAT_AREA].sum()) / whole
        regions.append((share, kept))
    regions.sort(key=lambda region: -region[0])
    return [_region(strength, labels, stats, kept, share) for share, kept in regions[:MOST_LINES]]


def tall_pieces(region: Region) -> tuple[Box, ...]:
    """The boxes of ink with air on either side, from left to right, but for dots and dashes."""
    x, y, width, height = region.box
    mask = (region.strength[y : y + height, x : x + width] > INKED).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    joined: list[Box] = []
    for left, top, wide, high in sorted(map(tuple, stats[1:, :4].tolist())):
        if joined and left < joined[-1][0] + joined[-1][2]:
            joined[-1] = around([joined[-1], (left, top, wide, high)])
        else:
            joined.append((left, top, wide, high))
    return tuple((x + left, y + top, wide, high) for left, top, wide, high in joined if high > LEAST_TALL * height)


def standing_apart(tall: tuple[Box, ...], height: int) -> tuple[Box, ...]:
    """Those pieces, if each may be one digit of a line as high; none where any two may touch or hold a sign."""
    return () if len(tall) < 2 or any(box[2] > 1.3 * height for box in tall) else tall


def group(boxes: NDArray[np.int32]) -> NDArray[np.intp]:
    """Pieces beside each other on one line get one number. (N, 4) x, y, width, height -> (N,)"""
    x, y, width, height = (boxes[:, i].astype(np.float32) for i in range(4))
    left, right, top, bottom = x[:, None], (x + width)[:, None], y[:, None], (y + height)[:, None]
    tall = np.maximum(height[:, None], height[None, :])
    apart = np.maximum(left, left.T) - np.minimum(right, right.T)  # negative: one above the other
    shared = np.minimum(bottom, bottom.T) - np.maximum(top, top.T)
    low = np.minimum(height[:, None], height[None, :])
    beside = (shared > 0.3 * low) & (apart < WIDEST_GAP * tall) & (low > 0.3 * tall)
    # a dot, a bar or a broken stroke belongs to the letter it nearly touches
    near = (apart < 0.3 * tall) & (shared > -0.3 * tall) & (low <= 0.5 * tall)
    # what holds several others is a frame round them, no neighbour
    within = (left >= left.T) & (right <= right.T) & (top >= top.T) & (bottom <= bottom.T) & (low > 0.08 * tall)
    frames = within.sum(axis=0) > FRAMED
    return _connected((beside | near) & ~frames[:, None] & ~frames[None, :])


def _connected(linked: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Numbers of the connected parts of a graph, (N, N) -> (N,) from 0."""
    numbers = np.arange(len(linked))
    while True:
        lowest = np.where(linked | np.eye(len(linked), dtype=bool), numbers[None, :], len(linked)).min(axis=1)
        lowest = lowest[lowest]
        if (lowest == numbers).all():
            return np.unique(numbers, return_inverse=True)[1]
        numbers = lowest


def _region(
    strength: Strength, labels: NDArray[np.int32], stats: NDArray[np.int32], kept: NDArray[np.intp], share: float
) -> Region:
    left, top = stats[kept, :2].min(axis=0)
    right, bottom = (stats[kept, :2] + stats[kept, 2:4]).max(axis=0)
    box = (int(left), int(top), int(right - left), int(bottom - top))
    if share > 0.999:
        return Region(box, strength, share)
    members = np.zeros(len(stats), np.uint8)
    members[kept] = 1
    rim = cv2.dilate(members[labels], np.ones((3, 3), np.uint8))  # the faint edge of its strokes
    return Region(box, np.where(rim > 0, strength, np.float32(0)), share)
