"""MNIST's digits as a finer picture would have shown them. (28, 28) uint8 -> ink 0..1"""

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def enlarged(image: NDArray[np.uint8], scale: float) -> Floats:
    """Smoothly, its edges as soft as they were."""
    large = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    return np.asarray(large, np.float32) / np.float32(255)


def sharpened(image: NDArray[np.uint8], edge: float) -> Floats:
    """Four times as large, its edges as sharp as a pen's; a higher `edge` leaves a thinner stroke. -> (112, 112)"""
    large = cv2.resize(image.astype(np.float32) / 255, (112, 112), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip((large - edge) * 5 + 0.5, 0, 1), np.float32)
