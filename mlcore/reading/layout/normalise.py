"""The normalisation of one digit: from its ink to the 28×28 frame of MNIST. Serving and training share it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.reading.arrays import InkBox, Strength

SIDE = 28
LONGEST = 20  # px: the longer side of a digit, as in MNIST
VISIBLE = 0.1  # fainter ink is not part of a digit's box
THINNEST = 1.8  # px at LONGEST: thinner strokes are widened to this
LARGE_DISC = 16  # px of radius from which dilating by rows is faster


def normalise(ink: Strength) -> NDArray[np.uint8]:
    """Return the frame of one digit, (28, 28), ink is 255. Without ink the frame is empty."""
    box = ink_box(ink)
    if box is None:
        return np.zeros((SIDE, SIDE), np.uint8)
    crop = increase_contrast(crop_to(ink, box))
    inner = ink_box(crop)  # more contrast may have removed faint ink
    return centre(shrink(thicken(crop_to(crop, inner) if inner else crop)))


def ink_box(ink: Strength) -> InkBox | None:
    """Return the box around all visible ink."""
    x, y, width, height = cv2.boundingRect((ink > VISIBLE).view(np.uint8))
    return (x, y, width, height) if width else None


def crop_to(ink: Strength, box: InkBox) -> Strength:
    x, y, width, height = box
    return ink[y : y + height, x : x + width]


def increase_contrast(crop: Strength) -> Strength:
    """Move greys towards black and white, more so in large crops: MNIST was averaged from black and white pixels."""
    gain = min(max(max(crop.shape) / (2 * LONGEST), 1.0), 4.0)
    if gain == 1:
        return crop
    clear = crop - 0.5
    clear *= gain
    clear += 0.5
    return np.clip(clear, 0, 1, out=clear)


def stroke_width(crop: Strength) -> float:
    """Return the mean width of the strokes in pixels: their area over half of their outline."""
    padded = cv2.copyMakeBorder(crop, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    corner = padded[:-1, :-1]
    across, down = cv2.subtract(padded[:-1, 1:], corner), cv2.subtract(padded[1:, :-1], corner)
    slope = cv2.magnitude(across, down)  # its sum is the outline's length
    return 2 * float(crop.sum()) / max(float(slope.sum()), 1e-6)


def thicken(crop: Strength) -> Strength:
    """Widen thin strokes to the width of MNIST's pens."""
    longest = max(crop.shape)
    missing = THINNEST * longest / LONGEST - stroke_width(crop)  # px
    radius = round(missing / 2)
    if radius < 1:
        return crop
    padded = cv2.copyMakeBorder(crop, radius, radius, radius, radius, cv2.BORDER_CONSTANT, value=0)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    thick: Strength = dilate_by_rows(padded, disc) if radius >= LARGE_DISC else cv2.dilate(padded, disc)
    return thick


def dilate_by_rows(plane: Strength, disc: NDArray[np.uint8]) -> Strength:
    """Return the same as `cv2.dilate`, which takes the disc's area for each pixel; this takes its height.

    The disc is a stack of rows: the plane is dilated by each row's width, moved up or down, and the maximum is taken.
    """
    widths = disc.sum(axis=1)
    radius, height = len(disc) // 2, len(plane)
    wide, width = plane, 1
    dilated: Strength = np.zeros_like(plane)
    for row in np.argsort(widths, kind="stable").tolist():
        if widths[row] > width:
            wide = cv2.dilate(wide, np.ones((1, int(widths[row]) - width + 1), np.uint8))
            width = int(widths[row])
        shift = row - radius
        top, bottom = max(0, -shift), min(height, height - shift)
        cv2.max(dilated[top:bottom], wide[top + shift : bottom + shift], dilated[top:bottom])
    return dilated


def shrink(crop: Strength) -> Strength:
    """Resize the longer side to LONGEST, anti-aliased."""
    height, width = crop.shape
    scale = LONGEST / max(height, width)
    if scale == 1:
        return crop
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    resized: Strength = cv2.resize(crop, size, interpolation=method).clip(0, 1)
    return resized


def centre(small: Strength) -> NDArray[np.uint8]:
    """Place the digit with its centre of mass in the middle. (h, w) with h, w <= 20 -> (28, 28) uint8"""
    height, width = small.shape
    mass = max(float(small.sum()), 1e-6)
    y = float((small.sum(axis=1) * np.arange(height)).sum()) / mass
    x = float((small.sum(axis=0) * np.arange(width)).sum()) / mass
    top = int(np.clip(round(SIDE / 2 - y), 0, SIDE - height))
    left = int(np.clip(round(SIDE / 2 - x), 0, SIDE - width))
    frame = np.zeros((SIDE, SIDE), np.uint8)
    frame[top : top + height, left : left + width] = np.rint(small * 255)
    return frame
