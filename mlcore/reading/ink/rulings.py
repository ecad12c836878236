"""The eraser of printed lines: ruled and squared paper, box borders and underlines.

A ruling is thin and straight, and it ends at the picture's edge or at a corner with another ruling. The straight
strokes of digits do not. Only thin parts are erased, so a stroke that crosses a ruling keeps its pixels.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.reading.arrays import Mask, Strength

SEARCH_SIDE = 240  # px: rulings are long, so a picture this small is enough to find them
INK_THRESHOLD = 0.15
MIN_SLENDERNESS = 14  # length of a ruling in thicknesses
EDGE_SHARE = 0.06  # of the picture's height: a ruling so near its upper or lower edge runs along it
MARGIN = 2  # px: one is bare, so that strokes end in it, and one takes what dilating adds
SOLID = 0.7  # share of a piece's columns that hold ink
MIN_LENGTH = 24  # px: in smaller pictures a ruling looks like a stroke


@dataclass(frozen=True, slots=True)
class Ruling:
    """A nearly horizontal printed line; for a vertical one x and y are swapped."""

    labels: tuple[int, ...]  # of its pieces
    start: int  # x
    stop: int
    start_at: float  # y at `start`
    stop_at: float
    thickness: float
    covered: int  # px that its pieces cover

    def y_at(self, x: float) -> float:
        return self.start_at + (self.stop_at - self.start_at) * (x - self.start) / max(self.stop - self.start, 1)


@dataclass(frozen=True, slots=True)
class DirectionRulings:
    """The rulings of one direction. For vertical ones the mask is transposed."""

    mask: Mask
    rulings: list[Ruling]
    labels: NDArray[np.integer]


def erase_rulings(strength: Strength) -> Strength:
    height, width = strength.shape
    block = -(-max(height, width) // SEARCH_SIDE)
    size = (max(width // block, 1), max(height // block, 1))
    whole_blocks = strength[: size[1] * block, : size[0] * block]
    small = cv2.resize(whole_blocks, size, interpolation=cv2.INTER_AREA) if block > 1 else strength
    erased = find_rulings((small > INK_THRESHOLD).view(np.uint8))
    if not erased.any():
        return strength
    if block > 1:
        erased = cv2.resize(erased, (width, height), interpolation=cv2.INTER_NEAREST)
    return np.where(erased > 0, np.float32(0), strength)


def find_rulings(mask: Mask) -> Mask:
    """Return the pixels of printed lines. (h, w) -> (h, w)"""
    nothing = np.zeros_like(mask)
    max_thickness = min(mask.shape) // 14  # px
    if max_thickness < 1 or not mask.any():
        return nothing
    across = search_direction(mask, max_thickness)
    if not across.rulings and is_off_edges(mask):
        return nothing  # away from the edges a ruling ends at corners, and these need both directions
    down = search_direction(np.ascontiguousarray(mask.T), max_thickness)
    printed_across, printed_down = select_printed(across, down)
    if not printed_across and not printed_down:
        return nothing
    erased = erase_thin_parts(across, printed_across) | erase_thin_parts(down, printed_down).T
    return erased if is_writing(mask & (1 - erased)) else nothing  # a 1 may be as thin and straight as a ruling


def is_off_edges(mask: Mask) -> bool:
    """Return whether all ink is so far from the picture's edges that no ruling can end there."""
    height, width = mask.shape
    x, y, w, h = cv2.boundingRect(mask)
    aside, above = min(x, width - x - w), min(y, height - y - h)
    return aside > EDGE_SHARE * width and above > EDGE_SHARE * height


def search_direction(mask: Mask, max_thickness: int) -> DirectionRulings:
    """Return long, thin, nearly horizontal lines; pieces of one line are joined."""
    shortest = max(MIN_LENGTH // 2, mask.shape[1] // 8)
    inked = inked_area(mask)
    loose = cv2.dilate(thin_parts(mask[inked], max_thickness), column(3))  # a slanted line steps up and down
    if cv2.boundingRect(loose)[2] < min_ruling_length(mask):
        return DirectionRulings(mask, [], mask)
    bridged = close_gaps(loose, max_thickness)  # over dirt and thin strokes
    straight = np.zeros_like(mask)
    straight[inked] = cv2.morphologyEx(bridged, cv2.MORPH_OPEN, row(shortest))
    if cv2.boundingRect(straight)[2] < min_ruling_length(mask):
        return DirectionRulings(mask, [], mask)
    count, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(straight, 8, cv2.CV_32S, cv2.CCL_BBDT)
    ink = np.bincount(labels[(straight & mask) > 0], minlength=count)  # px of each piece, at least one for each column
    long = np.flatnonzero(ink >= SOLID * stats[:, cv2.CC_STAT_WIDTH])
    pieces = [
        measure_piece(int(label), labels, stats[label])
        for label in long
        if label > 0 and is_solid(int(label), labels, mask, stats[label])
    ]
    rulings = [ruling for ruling in join_pieces(pieces) if is_long(ruling, min_ruling_length(mask))]
    return DirectionRulings(mask, rulings, labels)


def is_solid(label: int, labels: NDArray[np.int32], mask: Mask, stats: NDArray[np.int32]) -> bool:
    """Return whether most columns of a piece hold ink: the others are bridged gaps."""
    x, y, width, height = stats[:4]
    place = np.s_[y : y + height, x : x + width]
    is_inked = ((labels[place] == label) & (mask[place] > 0)).any(axis=0)
    return bool(is_inked.sum() >= SOLID * width)


def inked_area(mask: Mask) -> tuple[slice, slice]:
    """Return the rows and columns around all ink, with the margin that the filters of lines need."""
    x, y, width, height = cv2.boundingRect(mask)
    return slice(max(y - MARGIN, 0), y + height + MARGIN), slice(max(x - MARGIN, 0), x + width + MARGIN)


def thin_parts(mask: Mask, max_thickness: int) -> Mask:
    """Return the pixels in vertical runs of at most `max_thickness`."""
    thick = cv2.morphologyEx(mask, cv2.MORPH_OPEN, column(max_thickness + 1))
    thin: Mask = mask & (1 - thick)
    return thin


def close_gaps(mask: Mask, gap: int) -> Mask:
    """Close gaps along the rows, but not those to the picture's edge."""
    padded = cv2.copyMakeBorder(mask, 0, 0, gap, gap, cv2.BORDER_CONSTANT, value=0)
    closed: Mask = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, row(gap + 1))[:, gap:-gap]
    return closed


def column(length: int) -> Mask:
    return np.ones((length, 1), np.uint8)


def row(length: int) -> Mask:
    return np.ones((1, length), np.uint8)


def measure_piece(label: int, labels: NDArray[np.int32], stats: NDArray[np.int32]) -> Ruling:
    x, y, width, height, area = (int(value) for value in stats)
    rows = labels[y : y + height]
    start_at = y + float(np.flatnonzero(rows[:, x] == label).mean())
    stop_at = y + float(np.flatnonzero(rows[:, x + width - 1] == label).mean())
    return Ruling((label,), x, x + width, start_at, stop_at, max(1.0, area / width - 2), width)


def join_pieces(pieces: list[Ruling]) -> list[Ruling]:
    """Join the pieces of one ruling: a stroke that crosses it separates them."""
    rulings: list[Ruling] = []
    for new in sorted(pieces, key=lambda ruling: ruling.start):
        before = next((ruling for ruling in rulings if continues(ruling, new)), None)
        if before is None:
            rulings.append(new)
            continue
        rulings.remove(before)
        length, added = before.covered, new.covered
        thickness = (before.thickness * length + new.thickness * added) / (length + added)
        labels = before.labels + new.labels
        rulings.append(Ruling(labels, before.start, new.stop, before.start_at, new.stop_at, thickness, length + added))
    return rulings


def continues(ruling: Ruling, new: Ruling) -> bool:
    slack = 2 + max(ruling.thickness, new.thickness)
    is_aligned = abs(ruling.y_at(new.start) - new.start_at) <= slack + 0.03 * (new.start - ruling.stop)
    return is_aligned and new.start >= ruling.stop - 2 and abs(ruling.stop_at - new.start_at) <= slack * 2


def min_ruling_length(mask: Mask) -> float:
    return max(0.3 * min(mask.shape), MIN_LENGTH)


def is_long(ruling: Ruling, shortest: float) -> bool:
    length = ruling.stop - ruling.start
    return length >= max(MIN_SLENDERNESS * ruling.thickness, shortest) and ruling.covered >= 0.4 * length


def select_printed(across: DirectionRulings, down: DirectionRulings) -> tuple[list[Ruling], list[Ruling]]:
    """Return the rulings that end at the picture's edge or at corners with each other, and those along an edge."""
    height, width = across.mask.shape
    selected = (across.rulings, down.rulings)
    while True:
        next_across = [ruling for ruling in selected[0] if is_printed(ruling, selected[1], width, height)]
        next_down = [ruling for ruling in selected[1] if is_printed(ruling, selected[0], height, width)]
        if (len(next_across), len(next_down)) == (len(selected[0]), len(selected[1])):
            return selected
        selected = (next_across, next_down)


def is_printed(ruling: Ruling, others: list[Ruling], length: int, breadth: int) -> bool:
    low, high = min(ruling.start_at, ruling.stop_at), max(ruling.start_at, ruling.stop_at)
    if (high < EDGE_SHARE * breadth or low > (1 - EDGE_SHARE) * breadth) and ruling.covered > 0.4 * length:
        return True
    slack = 4 + 2 * ruling.thickness
    margin = (0.04 if ruling.thickness < length / 60 else 0.01) * length  # fine lines fade in dark corners
    starts = ruling.start <= margin or any(ends_near(ruling.start, ruling.start_at, o, slack) for o in others)
    stops = ruling.stop >= length - margin or any(ends_near(ruling.stop, ruling.stop_at, o, slack) for o in others)
    return starts and stops


def ends_near(x: float, y: float, other: Ruling, slack: float) -> bool:
    """Return whether a ruling of the other direction ends near the point, so that both form a corner."""
    return abs(other.y_at(y) - x) <= slack and min(abs(y - other.start), abs(y - other.stop)) <= slack


def erase_thin_parts(direction: DirectionRulings, printed: list[Ruling]) -> Mask:
    """Return the thin parts of the printed rulings, without the pixels of strokes that cross them."""
    if not printed:
        return np.zeros_like(direction.mask)
    thickness = int(1.5 * float(np.median([ruling.thickness for ruling in printed]))) + 1
    labels = [label for ruling in printed for label in ruling.labels]
    near = cv2.dilate(np.isin(direction.labels, labels).astype(np.uint8), column(3))
    thin = thin_parts(direction.mask, thickness)
    erased: Mask = near & cv2.dilate(thin, column(3)) & (1 - (direction.mask & (1 - thin)))  # with its soft edge
    return erased


def is_writing(mask: Mask) -> bool:
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    extent = stats[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(initial=0)
    return count > 1 and bool(extent >= 0.15 * min(mask.shape))
