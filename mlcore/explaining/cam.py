"""Exact class-activation maps of networks that end in global average pooling and one dense layer."""

import numpy as np
from numpy.typing import NDArray


def class_map(
    activation: NDArray[np.float32],  # (h, w, channels): of the averaged layer
    weights: NDArray[np.float32],  # (channels,): of one class
    bias: float,
) -> NDArray[np.float32]:
    """Return what each cell adds to the class's logit, (h, w). The sum is the logit itself, bias included."""
    height, width, _ = activation.shape
    cells: NDArray[np.float32] = (activation @ weights + bias) / (height * width)
    return cells
