"""Printed lines: ruling, squares, box borders and underlines, told from the straight strokes of digits.

A line is thin and straight, and it ends where paper things end: at the picture's edge or at a corner with
another line. Only its thin parts are erased, so a stroke that crosses it keeps its pixels.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Strength = NDArray[np.float32]  # (H, W), 0 is paper, 1 is full ink
Mask = NDArray[np.uint8]  # (H, W), 0 or 1

SEARCH_SIDE = 240  # lines are long: they are looked for on a picture this small
FAINTEST = 0.15
SLENDER = 14  # a line is at least so many times longer than thick
AT_EDGE = 0.06  # of the picture's height: a line so near its upper or lower edge runs along it
SHORTEST = 24  # px: in smaller pictures a line cannot be told from a stroke


@dataclass(frozen=True, slots=True)
class Line:
    """A nearly horizontal line; for a vertical one x and y are swapped."""

    labels: tuple[int, ...]  # of its pieces
    start: int  # x
    stop: int
    start_at: float  # y at `start`
    stop_at: float
    thickness: float
    covered: int  # px that its pieces cover

    def at(self, x: float) -> float:
        return self.start_at + (self.stop_at - self.start_at) * (x - self.start) / max(self.stop - self.start, 1)


@dataclass(frozen=True, slots=True)
class Direction:
    """What was found in one direction: the mask itself, or transposed for vertical lines."""

    mask: Mask
    lines: list[Line]
    labels: NDArray[np.integer]


def erase_lines(strength: Strength) -> Strength:
    height, width = strength.shape
    block = -(-max(height, width) // SEARCH_SIDE)
    size = (max(width // block, 1), max(height // block, 1))
    whole = strength[: size[1] * block, : size[0] * block]
    small = cv2.resize(whole, size, interpolation=cv2.INTER_AREA) if block > 1 else strength
    erased = find_lines((small > FAINTEST).view(np.uint8))
    if not erased.any():
        return strength
    if block > 1:
        erased = cv2.resize(erased, (width, height), interpolation=cv2.INTER_NEAREST)
    return np.where(erased > 0, np.float32(0), strength)


def find_lines(mask: Mask) -> Mask:
    """The pixels of printed lines. (h, w) 0 or 1 -> the same"""
    nothing = np.zeros_like(mask)
    thickest = min(mask.shape) // 14  # px
    if thickest < 1 or not mask.any():
        return nothing
    across = search(mask, thickest)
    if not across.lines and is_off_edges(mask):
        return nothing  # only corners could make lines of these, and a corner takes two directions
    down = search(np.ascontiguousarray(mask.T), thickest)
    printed_across, printed_down = printed(across, down)
    if not printed_across and not printed_down:
        return nothing
    erased = rub_out(across, printed_across) | rub_out(down, printed_down).T
    return erased if is_writing(mask & (1 - erased)) else nothing  # a 1 may be as thin and straight as a line


def is_off_edges(mask: Mask) -> bool:
    """Whether all ink keeps so far from the picture's edges that no line of it can end there."""
    height, width = mask.shape
    x, y, w, h = cv2.boundingRect(mask)
    aside, above = min(x, width - x - w), min(y, height - y - h)
    return aside > AT_EDGE * width and above > AT_EDGE * height


def search(mask: Mask, thickest: int) -> Direction:
    """Long thin nearly horizontal runs, joined where they continue one another."""
    shortest = max(SHORTEST // 2, mask.shape[1] // 8)
    loose = cv2.dilate(thin_parts(mask, thickest), column(3))  # lets a slanted line step up and down
    if cv2.boundingRect(loose)[2] < shortest_line(mask):
        return Direction(mask, [], loose)
    joined = bridge(loose, thickest)  # over dirt and thin strokes
    straight = cv2.morphologyEx(joined, cv2.MORPH_OPEN, row(shortest))
    if cv2.boundingRect(straight)[2] < shortest_line(mask):
        return Direction(mask, [], straight)
    count, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(straight, 8, cv2.CV_32S, cv2.CCL_BBDT)
    inked = np.bincount(labels[(straight & mask) > 0], minlength=count)  # px of each piece that are ink, not bridged
    solid = np.flatnonzero(inked >= 0.7 * stats[:, cv2.CC_STAT_WIDTH])
    pieces = [piece(int(label), labels, stats[label]) for label in solid if label > 0]
    lines = [line for line in join(pieces) if is_long(line, shortest_line(mask))]
    return Direction(mask, lines, labels)


def thin_parts(mask: Mask, thickest: int) -> Mask:
    """Pixels in vertical runs of at most `thickest`."""
    tall = cv2.morphologyEx(mask, cv2.MORPH_OPEN, column(thickest + 1))
    parts: Mask = mask & (1 - tall)
    return parts


def bridge(mask: Mask, gap: int) -> Mask:
    """Close gaps along the rows; the picture's edge is no line to be bridged to."""
    padded = cv2.copyMakeBorder(mask, 0, 0, gap, gap, cv2.BORDER_CONSTANT, value=0)
    closed: Mask = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, row(gap + 1))[:, gap:-gap]
    return closed


def column(length: int) -> Mask:
    return np.ones((length, 1), np.uint8)


def row(length: int) -> Mask:
    return np.ones((1, length), np.uint8)


def piece(label: int, labels: NDArray[np.int32], stats: NDArray[np.int32]) -> Line:
    x, y, width, height, area = (int(value) for value in stats)
    within = labels[y : y + height]
    start_at = y + float(np.flatnonzero(within[:, x] == label).mean())
    stop_at = y + float(np.flatnonzero(within[:, x + width - 1] == label).mean())
    return Line((label,), x, x + width, start_at, stop_at, max(1.0, area / width - 2), width)


def join(pieces: list[Line]) -> list[Line]:
    """A stroke that crosses a line leaves two pieces of it, one continuing the other."""
    lines: list[Line] = []
    for new in sorted(pieces, key=lambda line: line.start):
        before = next((line for line in lines if continues(line, new)), None)
        if before is None:
            lines.append(new)
            continue
        lines.remove(before)
        length, added = before.covered, new.covered
        thickness = (before.thickness * length + new.thickness * added) / (length + added)
        labels = before.labels + new.labels
        lines.append(Line(labels, before.start, new.stop, before.start_at, new.stop_at, thickness, length + added))
    return lines


def continues(line: Line, new: Line) -> bool:
    slack = 2 + max(line.thickness, new.thickness)
    on_course = abs(line.at(new.start) - new.start_at) <= slack + 0.03 * (new.start - line.stop)
    return on_course and new.start >= line.stop - 2 and abs(line.stop_at - new.start_at) <= slack * 2


def shortest_line(mask: Mask) -> float:
    return max(0.3 * min(mask.shape), SHORTEST)


def is_long(line: Line, shortest: float) -> bool:
    length = line.stop - line.start
    return length >= max(SLENDER * line.thickness, shortest) and line.covered >= 0.4 * length


def printed(across: Direction, down: Direction) -> tuple[list[Line], list[Line]]:
    """Lines with both ends at the picture's edge or at a corner with another such line, and those along an edge."""
    height, width = across.mask.shape
    kept = (across.lines, down.lines)
    while True:
        next_across = [line for line in kept[0] if is_printed(line, kept[1], width, height)]
        next_down = [line for line in kept[1] if is_printed(line, kept[0], height, width)]
        if (len(next_across), len(next_down)) == (len(kept[0]), len(kept[1])):
            return kept
        kept = (next_across, next_down)


def is_printed(line: Line, others: list[Line], length: int, breadth: int) -> bool:
    low, high = min(line.start_at, line.stop_at), max(line.start_at, line.stop_at)
    if (high < AT_EDGE * breadth or low > (1 - AT_EDGE) * breadth) and line.covered > 0.4 * length:
        return True
    slack = 4 + 2 * line.thickness
    margin = (0.04 if line.thickness < length / 60 else 0.01) * length  # fine lines fade towards dark corners
    starts = line.start <= margin or any(meets(line.start, line.start_at, o, slack) for o in others)
    stops = line.stop >= length - margin or any(meets(line.stop, line.stop_at, o, slack) for o in others)
    return starts and stops


def meets(x: float, y: float, other: Line, slack: float) -> bool:
    """Whether a line of the other direction ends near the point: a corner."""
    return abs(other.at(y) - x) <= slack and min(abs(y - other.start), abs(y - other.stop)) <= slack


def rub_out(found: Direction, printed: list[Line]) -> Mask:
    """The thin parts of the lines: where a stroke crosses, its pixels stay."""
    if not printed:
        return np.zeros_like(found.mask)
    thickness = int(1.5 * float(np.median([line.thickness for line in printed]))) + 1
    labels = [label for line in printed for label in line.labels]
    near = cv2.dilate(np.isin(found.labels, labels).astype(np.uint8), column(3))
    thin = thin_parts(found.mask, thickness)
    erased: Mask = near & cv2.dilate(thin, column(3)) & (1 - (found.mask & (1 - thin)))  # with its soft rim
    return erased


def is_writing(mask: Mask) -> bool:
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    extent = stats[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(initial=0)
    return count > 1 and bool(extent >= 0.15 * min(mask.shape))
