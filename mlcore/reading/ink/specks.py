"""The filter that keeps writing and removes other dark pieces: specks, show-through, dashes and frames."""

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.reading.arrays import Mask, Strength

Boxes = NDArray[np.float32]  # (n, 4): x, y, width, height of each connected piece; the first is the paper
Flags = NDArray[np.bool_]  # (n,): one for each piece

MIN_DARKNESS = 0.5  # a piece that is nowhere this dark shows through from the back of the sheet
MAX_MARGIN = 5  # length of an upright dash in sizes of the largest writing
MAX_COMPARED_PIECES = 1000  # comparing pieces costs the square of their number; of more, the smallest count as specks


def remove_specks(strength: Strength) -> tuple[Strength, int]:
    """Return the ink that was written, and the number of its connected pieces."""
    mask = (strength > 0.25).view(np.uint8)
    x, y, width, height = cv2.boundingRect(mask)
    clean = np.zeros_like(strength)
    if width == 0:
        return clean, 0
    inner = (slice(max(y - 1, 0), y + height + 1), slice(max(x - 1, 0), x + width + 1))  # with a margin of one pixel
    clean[inner], pieces = keep_writing(strength[inner], np.ascontiguousarray(mask[inner]))
    return clean, pieces


def keep_writing(strength: Strength, mask: Mask) -> tuple[Strength, int]:
    count, labels = cv2.connectedComponentsWithAlgorithm(mask, 8, cv2.CV_32S, cv2.CCL_BBDT)
    if count == 2 and strength.max() > MIN_DARKNESS:
        return with_edges(strength, mask), 1  # there is nothing to compare it with
    # Boxes take three times as long to find, so one piece does without.
    count, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(mask, 8, cv2.CV_32S, cv2.CCL_BBDT)
    is_dark = np.bincount(labels[strength > MIN_DARKNESS], minlength=count) > 0
    is_dark[0] = False
    pieces = largest_pieces(stats[:, :4])  # labels
    boxes, is_dark = stats[pieces, :4].astype(np.float32), is_dark[pieces]
    is_writing = is_dark & ~is_dash(boxes) & ~is_frame(boxes, labels, pieces)
    if not is_writing.any():
        is_writing = is_dark
    is_writing &= ~is_speck(boxes, is_writing, mask.shape)
    written = pieces[is_writing]
    if len(written) < count - 1:
        is_written = np.zeros(count, np.bool_)
        is_written[written] = True
        mask = is_written[labels].view(np.uint8)
    return with_edges(strength, mask), len(written)


def largest_pieces(boxes: NDArray[np.int32]) -> NDArray[np.intp]:
    """Return the labels of the paper and of the largest pieces. (n, 4) -> (at most 1 + MAX_COMPARED_PIECES,)"""
    if len(boxes) <= MAX_COMPARED_PIECES + 1:
        return np.arange(len(boxes))
    extent = boxes[1:, 2:].max(axis=1)
    return np.append(0, 1 + np.sort(np.argsort(-extent, kind="stable")[:MAX_COMPARED_PIECES]))


def with_edges(strength: Strength, mask: Mask) -> Strength:
    """Return the ink under the mask, including its faint edge."""
    return strength * cv2.dilate(mask, np.ones((3, 3), np.uint8))


def is_speck(boxes: Boxes, is_writing: Flags, size: tuple[int, int]) -> Flags:
    """Return which pieces are small beside the tallest writing; isolated ones and those at the edge count sooner."""
    height, width = size
    extent = boxes[:, 2:].max(axis=1)
    tallest = boxes[is_writing, 3].max(initial=0)
    x, y, right, bottom = boxes[:, 0], boxes[:, 1], boxes[:, 0] + boxes[:, 2], boxes[:, 1] + boxes[:, 3]
    large = is_writing & (extent >= 0.5 * tallest)
    gap_x = np.maximum(x[:, None] - right[large], x[large] - right[:, None])  # (n, large): negative where they overlap
    gap_y = np.maximum(y[:, None] - bottom[large], y[large] - bottom[:, None])
    is_apart = np.maximum(gap_x, gap_y).min(axis=1, initial=tallest) > 0.2 * tallest
    is_at_edge = (x <= 0) | (y <= 0) | (right >= width) | (bottom >= height)
    return extent < np.where(is_at_edge, 0.35, np.where(is_apart, 0.25, 0.12)) * tallest


def is_dash(boxes: Boxes) -> Flags:
    """Return which pieces are thin, beside the writing and longer than it: underlines and margins."""
    longest, shortest = boxes[:, 2:].max(axis=1), boxes[:, 2:].min(axis=1)
    is_thin = longest >= 10 * shortest
    others = np.flatnonzero(~is_thin[1:]) + 1
    if others.size == 0:
        return np.zeros(len(boxes), np.bool_)
    x, y, width, height = boxes[others[longest[others].argmax()]]  # the writing
    under_or_over = (boxes[:, 1] + boxes[:, 3] <= y) | (boxes[:, 1] >= y + height)
    left_or_right = (boxes[:, 0] + boxes[:, 2] <= x) | (boxes[:, 0] >= x + width)
    is_beside = np.where(boxes[:, 2] > boxes[:, 3], under_or_over, left_or_right)
    is_line = boxes[:, 2] > boxes[:, 3]
    # A speck beside an upright 1 is not writing that the 1 would be a margin of.
    is_longer = (longest >= 1.2 * max(width, height)) & (is_line | (longest <= MAX_MARGIN * max(width, height)))
    dash: Flags = is_thin & is_beside & is_longer
    dash[0] = False
    return dash


def is_frame(boxes: Boxes, labels: NDArray[np.int32], pieces: NDArray[np.intp]) -> Flags:
    """Return which pieces are hollow with writing inside. `pieces` (n,) are the boxes' labels."""
    frame = np.zeros(len(boxes), np.bool_)
    x, y = boxes[:, 0], boxes[:, 1]
    right, bottom = x + boxes[:, 2], y + boxes[:, 3]
    size = boxes[:, 2:].max(axis=1)
    for i in np.flatnonzero(size[1:] >= 0.3 * size[1:].max()) + 1:
        is_inside = (x > x[i]) & (y > y[i]) & (right < right[i]) & (bottom < bottom[i])
        if not (is_inside & (size >= 0.3 * size[i])).any():
            continue
        dx, dy = 0.15 * boxes[i, 2:]
        middle = labels[int(y[i] + dy) : int(bottom[i] - dy), int(x[i] + dx) : int(right[i] - dx)]
        frame[i] = not (middle == pieces[i]).any()
    return frame
