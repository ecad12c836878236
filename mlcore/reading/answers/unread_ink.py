"""Unread ink: what the answer explains, what is no writing, and what is left."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcore.reading.arrays import Floats, InkBox, Strength
from mlcore.reading.ink.extraction import Ink
from mlcore.reading.layout.regions import INK_THRESHOLD
from mlcore.reading.layout.text_lines import LevelPage, find_lines, find_pieces
from mlcore.reading.result import UnreadKind

MIN_EXPLAINED = 0.5  # share of a piece that lies in the answer's boxes
MIN_LETTER = 0.4  # of the digits' height: lower ink is a sign or a mark
MAX_DASH_WIDTH = 1.5  # of the digits' height
EDGE_REACH = 0.25  # of the digits' height
MAX_BORDER_WIDTH = 0.25  # of the digits' height
MIN_CORNER, MAX_CORNER_FILL = 0.8, 0.3  # of the digits' height, and share of its box that the corner of a border fills
LINE_REACH = 0.35  # of the digits' height: letters on the number's line may rise or sink so far
MAX_MARKS = 300  # of the small pieces only the largest are judged; a texture has more
MIN_DARKNESS = 0.45  # of the digits' darkness: what is left of rulings is fainter
MIN_INSIDE, MIN_PART_WIDTH = 0.7, 0.4  # shares of a broken part's width inside of its digit, and of the digit's width
MAX_PART_GAP = 0.12  # of the digits' height
SIGN_REACH = 0.8  # of the digits' height: signs are nearer to the number
# Log odds from which a small piece counts as written. `bench.accounting` measures both errors: numbers that are sure
# although a sign is missing, and numbers that specks make unsure.
MIN_WRITTEN = 0.7
# Weights of `mark_features`, fitted by logistic regression on synthetic numbers: signs against specks, print, shadows
# and writing that shows through.
MARK_WEIGHTS = np.array([-1.7, -0.3, 1.8, -1.2, 2.2, 4.5, 0.8, -0.5])


@dataclass(frozen=True, slots=True)
class UnreadPiece:
    """Ink that the answer leaves out."""

    box: InkBox
    kind: UnreadKind


def find_unread(ink: Ink, boxes: Sequence[InkBox], line_count: int = 1) -> list[UnreadPiece]:
    """Return the ink that an answer with these boxes of digits and signs leaves out."""
    if not boxes:
        return []
    explained = draw_boxes(boxes, ink.strength.shape)
    lines = [] if line_count > 1 or ink.pieces < 2 else find_other_lines(find_lines(ink.strength, 60), explained)
    for line in lines:
        x, y, width, height = line.box
        explained[y : y + height, x : x + width] = 1
    letters = find_letters(ink.strength, explained, boxes) if ink.pieces > 1 else []
    return [*lines, *letters, *find_marks(ink, explained, boxes)]


def draw_boxes(boxes: Sequence[InkBox], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return 1 inside of the boxes, 0 elsewhere."""
    plane = np.zeros(shape[:2], np.uint8)
    for x, y, width, height in boxes:
        plane[max(0, y) : y + height, max(0, x) : x + width] = 1
    return plane


def find_other_lines(page: LevelPage, explained: NDArray[np.uint8]) -> list[UnreadPiece]:
    """Return the lines of which the answer explains little; none where the picture has one line."""
    if len(page.lines) < 2:
        return []
    unread = []
    for line in page.lines:
        x, y, width, height = box = page.locate(line.box)
        inside = explained[y : y + height, x : x + width]
        if inside.size and inside.mean() < MIN_EXPLAINED / 2:
            unread.append(UnreadPiece(box, "text_line"))
    return unread


def find_letters(strength: Strength, explained: NDArray[np.uint8], boxes: Sequence[InkBox]) -> list[UnreadPiece]:
    """Return the pieces nearly as tall as digits that the answer leaves out."""
    if is_all_explained(strength, explained):
        return []
    labels, pieces, areas = find_pieces(strength)
    inside = np.bincount(labels[explained > 0], minlength=len(pieces))
    height = usual_digit_height(boxes)
    is_unread = (inside < MIN_EXPLAINED * areas) & (pieces[:, 3] >= MIN_LETTER * height)  # lower ones underline it
    is_unread &= ~are_borders(pieces, areas, height, strength.shape)
    is_unread[0] = False
    top, bottom = min(box[1] for box in boxes), max(box[1] + box[3] for box in boxes)
    unread = []
    for x, y, w, h in pieces[is_unread].tolist():
        is_beside = y < bottom + LINE_REACH * height and y + h > top - LINE_REACH * height
        unread.append(UnreadPiece((x, y, w, h), "letters" if is_beside else "mark"))
    return unread


def is_all_explained(strength: Strength, explained: NDArray[np.uint8]) -> bool:
    """Return whether no ink lies outside of the answer: that takes a tenth of the time of finding pieces."""
    return not ((strength > INK_THRESHOLD) > explained).any()


def are_small(pieces: NDArray[np.int32], height: float) -> NDArray[np.bool_]:
    """Return which pieces are as low as points and dashes beside digits of this height."""
    return np.asarray((pieces[:, 3] < MIN_LETTER * height) & (pieces[:, 2] < MAX_DASH_WIDTH * height))


def lie_along_edge(pieces: NDArray[np.int32], reach: float, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return which pieces lie entirely near an edge of the picture: remains of borders and of other cells."""
    x, y, width, height = pieces.T
    is_near = (x + width <= reach) | (y + height <= reach) | (x >= shape[1] - reach) | (y >= shape[0] - reach)
    return np.asarray(is_near | touch_edge(pieces, shape))


def touch_edge(pieces: NDArray[np.int32], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    x, y, width, height = pieces.T
    return np.asarray((x <= 1) | (y <= 1) | (x + width >= shape[1] - 1) | (y + height >= shape[0] - 1))


def are_borders(
    pieces: NDArray[np.int32], areas: NDArray[np.int32], height: float, shape: tuple[int, ...]
) -> NDArray[np.bool_]:
    """Return which pieces are lines or corners of lines at the picture's edge."""
    is_slender = pieces[:, 2:].min(axis=1) < MAX_BORDER_WIDTH * height
    is_corner = (areas < MAX_CORNER_FILL * pieces[:, 2] * pieces[:, 3]) & (
        pieces[:, 2:].min(axis=1) > MIN_CORNER * height
    )
    return np.asarray(touch_edge(pieces, shape) & (is_slender | is_corner))


def usual_digit_height(boxes: Sequence[InkBox]) -> float:
    return float(np.median([max(box[2:]) for box in boxes]))


def find_marks(ink: Ink, explained: NDArray[np.uint8], boxes: Sequence[InkBox]) -> list[UnreadPiece]:
    """Return the small pieces that were probably written, such as points, commas and dashes."""
    if is_all_explained(ink.marks, explained):
        return []
    labels, pieces, areas = find_pieces(ink.marks)
    if len(pieces) < 2:
        return []
    height = usual_digit_height(boxes)
    is_unread = are_small(pieces, height) & ~lie_along_edge(pieces, EDGE_REACH * height, ink.marks.shape)
    is_unread[0] = False
    if not is_unread.any():
        return []
    is_unread &= np.bincount(labels[explained > 0], minlength=len(pieces)) < MIN_EXPLAINED * areas
    marks = np.flatnonzero(is_unread)
    if not marks.size or marks.size > MAX_MARKS:
        return []
    features = mark_features(ink.marks, labels, pieces, areas, marks, boxes)
    is_written = (features @ MARK_WEIGHTS > MIN_WRITTEN) & (features[:, 2] > MIN_DARKNESS)
    is_written &= ~are_broken_parts(pieces[marks], boxes, height)
    gaps = features[:, 3]
    return [
        UnreadPiece((x, y, w, h), "sign" if gap < SIGN_REACH else "mark")
        for (x, y, w, h), gap in zip(pieces[marks[is_written]].tolist(), gaps[is_written].tolist(), strict=True)
    ]


def are_broken_parts(marks: NDArray[np.int32], boxes: Sequence[InkBox], height: float) -> NDArray[np.bool_]:
    """Return which pieces lie close above or below a digit within its width: the bar or the foot of a broken 5."""
    x, y, w, h = marks.T[:, :, None].astype(np.float64)
    left, top, width, height_of = np.array(boxes, np.float64).T[:, None, :]
    inside = np.minimum(x + w, left + width) - np.maximum(x, left)
    gap = np.maximum(y - top - height_of, top - y - h)
    is_part = (inside > MIN_INSIDE * w) & (w > MIN_PART_WIDTH * width) & (gap < MAX_PART_GAP * height)
    return np.asarray(is_part.any(axis=1))


def mark_features(
    strength: Strength,
    labels: NDArray[np.int32],
    pieces: NDArray[np.int32],
    areas: NDArray[np.int32],
    marks: NDArray[np.intp],
    boxes: Sequence[InkBox],
) -> Floats:
    """Return for each small piece what tells writing from dirt, (N, 8)."""
    height = usual_digit_height(boxes)
    x, y, width, height_of = pieces[marks].T.astype(np.float64)
    sums = np.bincount(labels.ravel(), strength.ravel(), len(pieces))
    darkness = sums[marks] / np.maximum(areas[marks], 1)
    digits = np.concatenate([strength[top : top + h, left : left + w].ravel() for left, top, w, h in boxes])
    inked = digits[digits > INK_THRESHOLD]
    usual_darkness = float(inked.mean()) if inked.size else 1.0
    pen = 2 * float(inked.size) / max(sum(2 * (w + h) for _, _, w, h in boxes), 1)  # px, roughly
    sides = np.array(boxes, np.float64)  # (M, 4)
    gap_x = np.maximum(x[:, None] - sides[:, 0] - sides[:, 2], sides[:, 0] - x[:, None] - width[:, None])
    gap_y = np.maximum(y[:, None] - sides[:, 1] - sides[:, 3], sides[:, 1] - y[:, None] - height_of[:, None])
    gap = np.maximum(np.maximum(gap_x, gap_y).min(axis=1), 0) / height
    nearest = np.maximum(gap_x, gap_y).argmin(axis=1)
    middle = (y + height_of / 2 - sides[nearest, 1]) / sides[nearest, 3]  # 0 is the top of the digit beside, 1 its foot
    is_dash = (width > 1.8 * height_of).astype(np.float64)
    return np.stack(
        [
            np.ones(len(marks)),
            np.log(np.sqrt(areas[marks]) / max(pen, 1.0)),
            darkness / usual_darkness,
            gap,
            np.log(np.maximum(width, height_of) / height + 0.02),
            ((middle > -0.2) & (middle < 1.35)).astype(np.float64),
            (middle > 0.7).astype(np.float64) * (1 - is_dash),
            is_dash,
        ],
        axis=1,
    )
