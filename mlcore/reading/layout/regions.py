"""The layout of a picture: the regions that may hold one line of digits, in printed boxes or among all ink."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.reading.arrays import InkBox, Strength
from mlcore.reading.ink.extraction import Ink, find_ink_with_print
from mlcore.reading.ink.specks import MIN_DARKNESS, remove_specks
from mlcore.reading.layout.normalise import ink_box, stroke_width
from mlcore.reading.layout.printed_boxes import find_printed_boxes

INK_THRESHOLD = 0.25
MAX_GROUPED_PIECES = 400  # of the connected pieces of ink only the largest are grouped; more are noise
MAX_LINES = 4
FRAME_PIECES = 2  # a piece that holds more pieces than this, itself included, is a frame
MIN_DIGIT_HEIGHT = 0.5  # of the line's height: lower ink is a dot or a dash
MIN_MARK, MAX_MARK = 0.03, 0.35  # of the line's height: size of a point or a comma
MAX_DASH_WIDTH, MAX_DASH_HEIGHT = 1.0, 0.22  # of the line's height
MARK_REACH = 0.6  # of the line's height: how far beside the writing such a mark may lie
MIN_SIGN_EXTENT = 0.5  # of the strokes' width: smaller marks are specks
SIGN_TOP, SIGN_FOOT = -0.15, 1.2  # of the line's height, from its top: marks whose middle lies elsewhere are specks
SIGN_ASIDE = 0.35  # of the line's height: signs but dashes lie no further beside the line
MAX_MARKS = 8  # for each line: the largest; the others are grain
MAX_GAP = 2.5  # between neighbours on one line, in heights


@dataclass(frozen=True, slots=True)
class Region:
    """An area of ink that may be one line of writing."""

    box: InkBox
    strength: Strength  # (H, W) of the whole picture, with all other ink removed
    share: float  # of the picture's ink, 0..1
    printed_boxes: tuple[InkBox, ...] = ()  # that the line is written in, from left to right


def find_regions(ink: Ink, *, small_marks: bool = False) -> list[Region]:
    """Return the regions that may hold a number, the most likely first.

    `small_marks` adds points, commas and dashes to the lines.
    """
    with_print = find_ink_with_print(ink)
    rows = islice(find_printed_boxes(with_print), MAX_LINES)
    boxed = [Region(bounding_box(boxes), strength, 1.0, tuple(boxes)) for boxes, strength in rows]

    pieces = cache(lambda box: find_small_pieces(box, with_print))  # several ways to find a line give the same box

    def finish(lines: Sequence[Region]) -> list[Region]:
        return [add_marks(line, pieces(line.box)) for line in lines] if small_marks else [*lines]

    if boxed:
        return [*boxed, *finish(find_text_lines(ink.strength))]  # squared paper has boxes too
    # Erasing printed lines may remove strokes of digits. Keeping them may hide digits, or connect some of them to a
    # frame and separate them from their neighbours. So each is tried, and all ink as one line.
    clean = remove_specks(with_print)[0]
    lines = find_text_lines(clean)
    return finish([*find_text_lines(ink.strength), *lines, *(all_ink_region(clean) if len(lines) > 1 else ())])


def add_small_marks(line: Region, with_print: Strength) -> Region:
    """Return the line with the points, commas and dashes beside its writing, which otherwise count as specks.

    `with_print` is the ink before specks and printed lines were removed.
    """
    return add_marks(line, find_small_pieces(line.box, with_print))


@dataclass(frozen=True, slots=True)
class SmallPieces:
    """The connected pieces around a line that are as small as a point, a comma or a dash, the largest first."""

    window: tuple[slice, slice]
    strength: Strength  # (h, w) of the window
    labels: NDArray[np.int32]  # (h, w)
    boxes: NDArray[np.int32]  # (N, 4) x, y, width, height of every piece of the window
    small: NDArray[np.intp]  # labels


def find_small_pieces(box: InkBox, with_print: Strength) -> SmallPieces:
    """Return the small pieces around a line's box."""
    x, y, width, height = box
    reach = round(MARK_REACH * height)
    top, left = max(0, y - reach // 2), max(0, x - reach)
    window = np.s_[top : y + height + reach // 2, left : x + width + reach]
    strength = with_print[window]
    mask = (strength > INK_THRESHOLD).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(mask, 8, cv2.CV_32S, cv2.CCL_BBDT)
    extent = stats[:, 2:4].max(axis=1)
    is_dash = (stats[:, 2] < MAX_DASH_WIDTH * height) & (stats[:, 3] < MAX_DASH_HEIGHT * height)
    is_small = (extent > max(1, MIN_MARK * height)) & ((extent < MAX_MARK * height) | is_dash)
    is_small &= np.bincount(labels[strength > MIN_DARKNESS], minlength=len(stats)) > 0
    is_small[0] = False
    small = np.flatnonzero(is_small)
    sums = np.bincount(labels.ravel(), strength.ravel(), len(stats)) if small.size else np.zeros(len(stats))
    return SmallPieces(window, strength, labels, stats[:, :4], small[np.argsort(-sums[small], kind="stable")])


def add_marks(line: Region, pieces: SmallPieces) -> Region:
    """Return the line with the largest of the small pieces that are not yet part of it."""
    own = line.strength[pieces.window]
    is_own = np.bincount(pieces.labels[own > 0], minlength=len(pieces.boxes)) > 0 if pieces.small.size else ()
    likely = pieces.small[are_like_signs(line, pieces)] if pieces.small.size else pieces.small
    marks = [mark for mark in likely.tolist() if not is_own[mark]][:MAX_MARKS]
    if not marks:
        return line
    is_chosen = np.zeros(len(pieces.boxes), np.uint8)
    is_chosen[marks] = 1
    added = line.strength.copy()
    chosen = cv2.dilate(is_chosen[pieces.labels], np.ones((3, 3), np.uint8))  # includes their faint edges
    added[pieces.window] = np.maximum(own, pieces.strength * chosen)
    rows, columns = pieces.window
    boxes = [(columns.start + x, rows.start + y, w, h) for x, y, w, h in pieces.boxes[marks].tolist()]
    return replace(line, box=bounding_box([line.box, *boxes]), strength=added)


def are_like_signs(line: Region, pieces: SmallPieces) -> NDArray[np.bool_]:
    """Return which small pieces are nearly as wide as the line's strokes and stand where signs do."""
    left, top, width, height = line.box
    pen = stroke_width(line.strength[top : top + height, left : left + width])
    rows, columns = pieces.window
    x, y, w, h = (pieces.boxes[pieces.small] + (columns.start, rows.start, 0, 0)).T
    middle_x, middle_y = x + w / 2, (y + h / 2 - top) / height
    aside = np.maximum(left - middle_x, middle_x - left - width) / height
    is_beside = (aside < SIGN_ASIDE) | (w > 1.8 * h)  # a minus may stand further away
    is_like = (np.maximum(w, h) >= MIN_SIGN_EXTENT * pen) & (middle_y > SIGN_TOP) & (middle_y < SIGN_FOOT) & is_beside
    return np.asarray(is_like)


def all_ink_region(strength: Strength) -> tuple[Region, ...]:
    """Return all ink as one region, or nothing where there is no ink."""
    box = ink_box(strength)
    return (Region(box, strength, 1.0),) if box else ()


def bounding_box(boxes: Sequence[InkBox]) -> InkBox:
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[0] + box[2] for box in boxes), max(box[1] + box[3] for box in boxes)
    return left, top, right - left, bottom - top


def find_text_lines(strength: Strength) -> list[Region]:
    """Return the lines of writing, those with most ink first."""
    mask = (strength > INK_THRESHOLD).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count < 2:
        return []
    pieces = 1 + np.argsort(-stats[1:, cv2.CC_STAT_AREA])[:MAX_GROUPED_PIECES]  # labels
    groups = group_pieces(stats[pieces, :4])
    all_ink = max(float(stats[1:, cv2.CC_STAT_AREA].sum()), 1.0)
    lines = []
    for number in range(groups.max() + 1):
        members = pieces[groups == number]
        share = float(stats[members, cv2.CC_STAT_AREA].sum()) / all_ink
        lines.append((share, members))
    lines.sort(key=lambda line: -line[0])
    return [_make_region(strength, labels, stats, members, share) for share, members in lines[:MAX_LINES]]


def tall_pieces(region: Region) -> tuple[InkBox, ...]:
    """Return the boxes of the ink between vertical gaps, from left to right, without dots and dashes."""
    x, y, width, height = region.box
    mask = (region.strength[y : y + height, x : x + width] > INK_THRESHOLD).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    joined: list[InkBox] = []
    for left, top, piece_width, piece_height in sorted(map(tuple, stats[1:, :4].tolist())):
        if joined and left < joined[-1][0] + joined[-1][2]:
            joined[-1] = bounding_box([joined[-1], (left, top, piece_width, piece_height)])
        else:
            joined.append((left, top, piece_width, piece_height))
    return tuple((x + left, y + top, w, h) for left, top, w, h in joined if h > MIN_DIGIT_HEIGHT * height)


def separate_digits(pieces: tuple[InkBox, ...], height: int) -> tuple[InkBox, ...]:
    """Return the tall pieces if each may be one digit of a line of this height; nothing where two digits may touch."""
    return () if len(pieces) < 2 or any(box[2] > 1.3 * height for box in pieces) else pieces


def group_pieces(boxes: NDArray[np.int32]) -> NDArray[np.intp]:
    """Return the same number for pieces beside each other on one line. (N, 4) x, y, width, height -> (N,)"""
    x, y, width, height = (boxes[:, i].astype(np.float32) for i in range(4))
    left, right, top, bottom = x[:, None], (x + width)[:, None], y[:, None], (y + height)[:, None]
    higher = np.maximum(height[:, None], height[None, :])
    gap = np.maximum(left, left.T) - np.minimum(right, right.T)  # negative: one above the other
    overlap = np.minimum(bottom, bottom.T) - np.maximum(top, top.T)
    lower = np.minimum(height[:, None], height[None, :])
    is_beside = (overlap > 0.3 * lower) & (gap < MAX_GAP * higher) & (lower > 0.3 * higher)
    # A dot, a bar or a broken stroke belongs to the character that it nearly touches.
    is_near = (gap < 0.3 * higher) & (overlap > -0.3 * higher) & (lower <= 0.5 * higher)
    # A piece that contains several others is a frame around them and no neighbour.
    is_within = (left >= left.T) & (right <= right.T) & (top >= top.T) & (bottom <= bottom.T) & (lower > 0.08 * higher)
    is_frame = is_within.sum(axis=0) > FRAME_PIECES
    return connect((is_beside | is_near) & ~is_frame[:, None] & ~is_frame[None, :])


def connect(linked: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Number the connected parts of a graph from 0. (N, N) -> (N,)"""
    numbers = np.arange(len(linked))
    while True:
        lowest = np.where(linked | np.eye(len(linked), dtype=bool), numbers[None, :], len(linked)).min(axis=1)
        lowest = lowest[lowest]
        if (lowest == numbers).all():
            return np.unique(numbers, return_inverse=True)[1]
        numbers = lowest


def _make_region(
    strength: Strength, labels: NDArray[np.int32], stats: NDArray[np.int32], members: NDArray[np.intp], share: float
) -> Region:
    left, top = stats[members, :2].min(axis=0)
    right, bottom = (stats[members, :2] + stats[members, 2:4]).max(axis=0)
    box = (int(left), int(top), int(right - left), int(bottom - top))
    if share > 0.999:
        return Region(box, strength, share)
    is_member = np.zeros(len(stats), np.uint8)
    is_member[members] = 1
    mask = cv2.dilate(is_member[labels], np.ones((3, 3), np.uint8))  # includes the faint edge of the strokes
    return Region(box, np.where(mask > 0, strength, np.float32(0)), share)
