"""The array types that the stages of a reading hand to each other."""

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]  # (H, W, 3) RGB, or (H, W) grey
Strength = NDArray[np.float32]  # (H, W): 0 is paper, 1 is full ink
Mask = NDArray[np.uint8]  # (H, W): 0 or 1
Floats = NDArray[np.float64]

InkBox = tuple[int, int, int, int]  # x, y, width, height in pixels of an array of Strength
