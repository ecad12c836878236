"""The lines of writing in a picture, from top to bottom. Slanted pages are levelled first."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.reading.arrays import Floats, InkBox, Strength
from mlcore.reading.layout.regions import INK_THRESHOLD, MAX_GAP, connect

MAX_PIECES = 1500  # of the connected pieces only the largest are grouped; a page of 600 digits has fewer
MIN_TALL = 0.45  # of the usual height: lower pieces are dots, dashes and parts of digits
MAX_TALL = 2.2  # of the usual height: taller pieces are borders, or digits of two lines that touch
MIN_LINE_HEIGHT = 0.35  # of the highest line: lower writing is print beside the number
MIN_LONE_HEIGHT = 0.65  # of the usual height: a lower piece that stands alone is a mark
MIN_LINE_INK = 0.03  # of the line with most ink
SAME_LINE = 0.5  # share of the lower height by which two groups on one line overlap
MIN_PAIRS = 4  # neighbours from which the slope of a page is measured
MIN_SLOPE, MAX_SLOPE = 0.02, 0.3  # 0.27 is 15 degrees
ATTACHED_BELOW, ATTACHED_ABOVE, ATTACHED_BESIDE = 0.4, 0.3, 1.0  # of a line's height: reach for its dots and dashes


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of writing."""

    box: InkBox  # in the levelled ink
    strength: Strength  # (h, w): the ink of this line alone, cropped to its box
    ink: float  # sum of its strength


@dataclass(frozen=True, slots=True)
class LevelPage:
    """The lines of a levelled page, and the way back to the ink that was given."""

    lines: tuple[TextLine, ...]  # from top to bottom
    back: Floats | None  # (2, 3) affine transform; None where nothing was turned

    def locate(self, box: InkBox) -> InkBox:
        """Return the box in the ink that was given."""
        if self.back is None:
            return box
        x, y, width, height = box
        corners = np.array([[x, y, 1], [x + width, y, 1], [x, y + height, 1], [x + width, y + height, 1]])
        turned = corners @ self.back.T  # (4, 2)
        # The box of a turned box is larger than the ink in it; the middle and the sides' lengths stay.
        left, top = turned.mean(axis=0) - (width / 2, height / 2)
        return max(0, round(left)), max(0, round(top)), width, height


def find_lines(strength: Strength, most: int) -> LevelPage:
    """Return the lines of writing, at most so many with most ink."""
    labels, boxes, areas = find_pieces(strength)
    slope = measure_page_slope(boxes, areas)
    back = None
    if slope:
        strength, back = turn_level(strength, slope)
        labels, boxes, areas = find_pieces(strength)
    rows = group_in_lines(boxes, areas)
    lines = [cut_line(strength, labels, boxes, row) for row in rows]
    tallest = max((line.box[3] for line in lines), default=0)
    fullest = max((line.ink for line in lines), default=0.0)
    usual = usual_height(boxes, areas)
    kept = [
        line
        for line, row in zip(lines, rows, strict=True)
        if line.box[3] >= MIN_LINE_HEIGHT * tallest
        and line.ink >= MIN_LINE_INK * fullest
        and (len(row) > 1 or line.box[3] >= MIN_LONE_HEIGHT * usual)
    ]
    kept = sorted(sorted(kept, key=lambda line: -line.ink)[:most], key=lambda line: line.box[1] + line.box[3] / 2)
    return LevelPage(tuple(kept), back)


def find_pieces(strength: Strength) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Return the labels of all pixels, and box and area of each piece; label 0 is the paper."""
    mask = (strength > INK_THRESHOLD).view(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(mask, 8, cv2.CV_32S, cv2.CCL_BBDT)
    return labels, stats[:, :4], stats[:, cv2.CC_STAT_AREA]


def usual_height(boxes: NDArray[np.int32], areas: NDArray[np.int32]) -> float:
    """Return the height of the pieces that hold the middle of all ink, without borders."""
    order = np.argsort(boxes[1:, 3])
    share = np.cumsum(areas[1:][order]) / max(int(areas[1:].sum()), 1)
    return float(boxes[1:, 3][order][int(np.searchsorted(share, 0.5))]) if order.size else 0.0


def find_tall(boxes: NDArray[np.int32], areas: NDArray[np.int32]) -> NDArray[np.intp]:
    """Return the labels of the pieces that are as high as digits."""
    usual = usual_height(boxes, areas)
    is_tall = (boxes[:, 3] >= MIN_TALL * usual) & (boxes[:, 3] <= MAX_TALL * usual)
    is_tall[0] = False
    tall = np.flatnonzero(is_tall)
    return tall[np.argsort(-areas[tall], kind="stable")[:MAX_PIECES]]


def measure_page_slope(boxes: NDArray[np.int32], areas: NDArray[np.int32]) -> float:
    """Return how far the lines sink per pixel to the right: the median over neighbours; 0 where there are too few."""
    tall = find_tall(boxes, areas)
    if len(tall) < 2 * MIN_PAIRS:
        return 0.0
    x, y, width, height = boxes[tall].T.astype(np.float32)
    middle_x, middle_y = x + width / 2, y + height / 2
    across = middle_x[None, :] - middle_x[:, None]
    down = middle_y[None, :] - middle_y[:, None]
    higher = np.maximum(height[:, None], height[None, :])
    is_next = (across > 0) & (across < 2 * higher) & (np.abs(down) < 0.6 * higher)
    across = np.where(is_next, across, np.inf)
    nearest = across.argmin(axis=1)
    found = np.flatnonzero(np.isfinite(across.min(axis=1)))
    if len(found) < MIN_PAIRS:
        return 0.0
    slope = float(np.median(down[found, nearest[found]] / across[found, nearest[found]]))
    return slope if MIN_SLOPE < abs(slope) <= MAX_SLOPE else 0.0


def turn_level(strength: Strength, slope: float) -> tuple[Strength, Floats]:
    """Return the ink turned so that lines of this slope are level, and the transform back."""
    height, width = strength.shape
    angle = float(np.degrees(np.arctan(slope)))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    new_width, new_height = round(width * cos + height * sin), round(width * sin + height * cos)
    matrix[:, 2] += ((new_width - width) / 2, (new_height - height) / 2)
    level: Strength = cv2.warpAffine(strength, matrix, (new_width, new_height))
    return level, np.asarray(cv2.invertAffineTransform(matrix), np.float64)


def group_in_lines(boxes: NDArray[np.int32], areas: NDArray[np.int32]) -> list[NDArray[np.intp]]:
    """Return the labels of each line's pieces."""
    tall = find_tall(boxes, areas)
    if not tall.size:
        return []
    x, y, width, height = boxes[tall].T.astype(np.float32)
    gap = np.maximum(x[:, None], x[None, :]) - np.minimum((x + width)[:, None], (x + width)[None, :])
    overlap = np.minimum((y + height)[:, None], (y + height)[None, :]) - np.maximum(y[:, None], y[None, :])
    lower, higher = np.minimum(height[:, None], height[None, :]), np.maximum(height[:, None], height[None, :])
    groups = connect((overlap > SAME_LINE * lower) & (gap < MAX_GAP * higher))
    spans = [(float(y[groups == g].min()), float((y + height)[groups == g].max()), g) for g in range(groups.max() + 1)]
    merged: list[tuple[float, float, list[int]]] = []
    for top, bottom, group in sorted(spans, key=lambda span: span[0] + span[1]):
        if merged and min(bottom, merged[-1][1]) - max(top, merged[-1][0]) > SAME_LINE * min(
            bottom - top, merged[-1][1] - merged[-1][0]
        ):
            before = merged.pop()
            merged.append((min(top, before[0]), max(bottom, before[1]), [*before[2], group]))
        else:
            merged.append((top, bottom, [group]))
    return attach_small([tall[np.isin(groups, row)] for _, _, row in merged], boxes, areas)


def attach_small(
    lines: list[NDArray[np.intp]], boxes: NDArray[np.int32], areas: NDArray[np.int32]
) -> list[NDArray[np.intp]]:
    """Return the lines with the lower pieces that lie among or beside their tall ones."""
    is_small = boxes[:, 3] < MIN_TALL * usual_height(boxes, areas)
    is_small[0] = False
    small = np.flatnonzero(is_small)
    middle_x, middle_y = boxes[small, 0] + boxes[small, 2] / 2, boxes[small, 1] + boxes[small, 3] / 2
    complete = []
    is_free = np.ones(len(small), np.bool_)
    for line in lines:
        left, top = boxes[line, :2].min(axis=0)
        right, bottom = (boxes[line, :2] + boxes[line, 2:]).max(axis=0)
        height = float(np.median(boxes[line, 3]))
        is_own = is_free & (middle_y > top - ATTACHED_ABOVE * height) & (middle_y < bottom + ATTACHED_BELOW * height)
        is_own &= (middle_x > left - ATTACHED_BESIDE * height) & (middle_x < right + ATTACHED_BESIDE * height)
        is_free &= ~is_own
        complete.append(np.concatenate([line, small[is_own]]))
    return complete


def cut_line(
    strength: Strength, labels: NDArray[np.int32], boxes: NDArray[np.int32], members: NDArray[np.intp]
) -> TextLine:
    left, top = boxes[members, :2].min(axis=0).tolist()
    right, bottom = (boxes[members, :2] + boxes[members, 2:]).max(axis=0).tolist()
    window = np.s_[top:bottom, left:right]
    is_member = np.zeros(len(boxes), np.uint8)
    is_member[members] = 1
    mask = cv2.dilate(is_member[labels[window]], np.ones((3, 3), np.uint8))  # includes the faint edge of the strokes
    own: Strength = strength[window] * mask
    return TextLine((left, top, right - left, bottom - top), own, float(own.sum()))
