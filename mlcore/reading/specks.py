"""What was written with the pen, among all that is dark: no specks, dashes, frames or writing behind the sheet."""

import cv2
import numpy as np
from numpy.typing import NDArray

Strength = NDArray[np.float32]  # (H, W), 0 is paper, 1 is full ink
Mask = NDArray[np.uint8]  # (H, W), 0 or 1
Boxes = NDArray[np.float32]  # (n, 4): x, y, width, height of each piece of ink; the first stands for the paper
Facts = NDArray[np.bool_]  # (n,): of each piece

STRONG = 0.5  # a piece that is nowhere so dark shows through from behind
MOST_PIECES = (
    1000  # are compared with each other, which costs their square; where there are more, the smaller are specks
)


def remove_specks(strength: Strength) -> tuple[Strength, int]:
    """Drop what was not written with the pen: specks, faint show-through, dashes under it, frames round it.

    Also how many pieces of ink are left.
    """
    mask = (strength > 0.25).view(np.uint8)
    x, y, width, height = cv2.boundingRect(mask)
    clean = np.zeros_like(strength)
    if width == 0:
        return clean, 0
    inner = (slice(max(y - 1, 0), y + height + 1), slice(max(x - 1, 0), x + width + 1))  # a rim round all ink
    clean[inner], pieces = keep_writing(strength[inner], np.ascontiguousarray(mask[inner]))
    return clean, pieces


def keep_writing(strength: Strength, mask: Mask) -> tuple[Strength, int]:
    count, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(mask, 8, cv2.CV_32S, cv2.CCL_BBDT)
    if count == 2 and strength.max() > STRONG:
        return rimmed(strength, mask), 1  # nothing to compare it with
    strong = np.bincount(labels[strength > STRONG], minlength=count) > 0
    strong[0] = False
    pieces = largest(stats[:, :4])  # labels
    boxes, strong = stats[pieces, :4].astype(np.float32), strong[pieces]
    written = strong & ~is_dash(boxes) & ~is_frame(boxes, labels, pieces)
    if not written.any():
        written = strong
    written &= ~is_speck(boxes, written, mask.shape)
    kept = pieces[written]
    if len(kept) < count - 1:
        is_kept = np.zeros(count, np.bool_)
        is_kept[kept] = True
        mask = is_kept[labels].view(np.uint8)
    return rimmed(strength, mask), len(kept)


def largest(boxes: NDArray[np.int32]) -> NDArray[np.intp]:
    """Which of the pieces may be writing, after the paper, which comes first. (n, 4) -> (at most 1 + MOST_PIECES,)"""
    if len(boxes) <= MOST_PIECES + 1:
        return np.arange(len(boxes))
    extent = boxes[1:, 2:].max(axis=1)
    return np.append(0, 1 + np.sort(np.argsort(-extent, kind="stable")[:MOST_PIECES]))


def rimmed(strength: Strength, mask: Mask) -> Strength:
    """What the mask covers, with its faint edge."""
    return strength * cv2.dilate(mask, np.ones((3, 3), np.uint8))


def is_speck(boxes: Boxes, written: Facts, size: tuple[int, int]) -> Facts:
    """Small beside the tallest writing; what lies apart, or at the picture's edge, must be larger to count."""
    height, width = size
    extent = boxes[:, 2:].max(axis=1)
    tallest = boxes[written, 3].max(initial=0)
    x, y, right, bottom = boxes[:, 0], boxes[:, 1], boxes[:, 0] + boxes[:, 2], boxes[:, 1] + boxes[:, 3]
    large = written & (extent >= 0.5 * tallest)
    gap_x = np.maximum(x[:, None] - right[large], x[large] - right[:, None])  # (n, large): below 0 where they overlap
    gap_y = np.maximum(y[:, None] - bottom[large], y[large] - bottom[:, None])
    apart = np.maximum(gap_x, gap_y).min(axis=1, initial=tallest) > 0.2 * tallest
    at_edge = (x <= 0) | (y <= 0) | (right >= width) | (bottom >= height)
    return extent < np.where(at_edge, 0.35, np.where(apart, 0.25, 0.12)) * tallest


def is_dash(boxes: Boxes) -> Facts:
    """Straight and thin, wholly beside the writing and longer than it: an underline, a margin."""
    longest, shortest = boxes[:, 2:].max(axis=1), boxes[:, 2:].min(axis=1)
    thin = longest >= 10 * shortest
    others = np.flatnonzero(~thin[1:]) + 1
    if others.size == 0:
        return np.zeros(len(boxes), np.bool_)
    x, y, width, height = boxes[others[longest[others].argmax()]]  # the writing
    under_or_over = (boxes[:, 1] + boxes[:, 3] <= y) | (boxes[:, 1] >= y + height)
    left_or_right = (boxes[:, 0] + boxes[:, 2] <= x) | (boxes[:, 0] >= x + width)
    beside = np.where(boxes[:, 2] > boxes[:, 3], under_or_over, left_or_right)
    dash: Facts = thin & beside & (longest >= 1.2 * max(width, height))
    dash[0] = False
    return dash


def is_frame(boxes: Boxes, labels: NDArray[np.int32], pieces: NDArray[np.intp]) -> Facts:
    """Hollow, with writing inside. `pieces` (n,) are the boxes' labels."""
    frame = np.zeros(len(boxes), np.bool_)
    x, y = boxes[:, 0], boxes[:, 1]
    right, bottom = x + boxes[:, 2], y + boxes[:, 3]
    size = boxes[:, 2:].max(axis=1)
    for i in np.flatnonzero(size[1:] >= 0.3 * size[1:].max()) + 1:
        inside = (x > x[i]) & (y > y[i]) & (right < right[i]) & (bottom < bottom[i])
        if not (inside & (size >= 0.3 * size[i])).any():
            continue
        dx, dy = 0.15 * boxes[i, 2:]
        hollow = labels[int(y[i] + dy) : int(bottom[i] - dy), int(x[i] + dx) : int(right[i] - dx)]
        frame[i] = not (hollow == pieces[i]).any()
    return frame
