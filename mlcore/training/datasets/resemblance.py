"""Whether what the reader made of a digit is still that digit."""

import cv2
import numpy as np
from numpy.typing import NDArray


def correlation(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """-1..1 of two frames (28, 28), a little blurred: a stroke half a pixel aside is no difference."""
    a, b = (cv2.GaussianBlur(image, (5, 5), 0).astype(np.float32) - image.mean() for image in (a, b))
    return float((a * b).sum() / max(np.sqrt((a * a).sum() * (b * b).sum()), 1e-6))
