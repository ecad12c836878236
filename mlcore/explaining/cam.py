"""Exact class-activation maps, for networks that end in global average pooling and one dense layer."""

import numpy as np
from numpy.typing import NDArray


def class_map(
    activation: NDArray[np.float32],  # (h, w, channels): of the layer that is averaged
    weights: NDArray[np.float32],  # (channels,): of one class
    bias: float,
) -> NDArray[np.float32]:
    """(h, w): what each place adds to the class's logit. The sum is the logit itself, bias included."""
    height, width, _ = activation.shape
    places: NDArray[np.float32] = (activation @ weights + bias) / (height * width)
    return places
