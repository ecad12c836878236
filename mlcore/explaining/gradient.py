"""The gradient of the network's classes by its input, in plain NumPy."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mlcore.explaining.forward import Step
from mlcore.explaining.keras_weights import Floats


def input_gradient(steps: Sequence[Step], outputs: Mapping[str, Floats], weights: NDArray[np.float64]) -> Floats:
    """Return how a weighted sum of the logits changes with each cell of the input, 0..1, as (28, 28).

    `weights` (classes,) says which logits are added and which subtracted; `outputs` comes from `run_steps`.
    """
    gradient = weights.reshape(1, 1, -1)
    for position in reversed(range(len(steps))):
        step = steps[position]
        before = outputs[steps[position - 1].name if position else "input"]
        gradient = _gradient_before(step, before, outputs[step.name], gradient)
    return np.asarray(gradient[..., 0])


def _gradient_before(step: Step, before: Floats, after: Floats, gradient: Floats) -> Floats:
    """Return the gradient by the step's input from the gradient by its outputs."""
    if step.kind == "average":
        return np.broadcast_to(gradient / (before.shape[0] * before.shape[1]), before.shape)
    if step.weighting is None:
        return _through_pooling(step, before, after, gradient)
    weighting = step.weighting
    if weighting.is_rectified:
        gradient = gradient * (after > 0)
    if weighting.normalisation is not None:
        gradient = gradient * (weighting.normalisation.gamma / weighting.normalisation.deviation)
    return _through_kernel(step, before, weighting.kernel, gradient)


def _through_pooling(step: Step, before: Floats, after: Floats, gradient: Floats) -> Floats:
    """Return the gradient at the largest cell of each window; equal cells share it."""
    rows, columns = step.geometry.size
    height, width = after.shape[0] * rows, after.shape[1] * columns
    result = np.zeros_like(before)
    is_largest = before[:height, :width] == after.repeat(rows, axis=0).repeat(columns, axis=1)[: before.shape[0]]
    shares = is_largest.reshape(after.shape[0], rows, after.shape[1], columns, -1).sum(axis=(1, 3))
    spread = (gradient / shares).repeat(rows, axis=0).repeat(columns, axis=1)
    result[:height, :width] = spread * is_largest
    return result


def _through_kernel(step: Step, before: Floats, kernel: Floats, gradient: Floats) -> Floats:
    """Return the gradient of a convolution's input: each output's gradient goes back along the kernel."""
    geometry = step.geometry
    height, width = gradient.shape[:2]
    rows, columns = geometry.size
    padded = np.zeros((height + rows - 1, width + columns - 1, before.shape[2]))
    for row in range(rows):
        for column in range(columns):
            padded[row : row + height, column : column + width] += gradient @ kernel[row, column].T
    top, left = geometry.pad
    return padded[top : top + before.shape[0], left : left + before.shape[1]]
