"""Which cells of which map look at what: from a layer to the one before, and down to the 28×28."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcore.artifact import Layer

Shape = tuple[int, int, int]  # height, width, channels
INPUT: Shape = (28, 28, 1)


@dataclass(frozen=True, slots=True)
class Window:
    """Rows top..bottom and columns left..right of a map, the ends excluded."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left


@dataclass(frozen=True, slots=True)
class Step:
    """How one layer looks at the map before it."""

    layer: Layer
    before: Shape
    size: tuple[int, int]  # of the window, rows and columns
    stride: tuple[int, int]
    pad: tuple[int, int]  # empty rows above and columns to the left

    def window(self, row: int, column: int) -> Window:
        """What one cell looks at; it may reach over the edges of the map before."""
        top, left = row * self.stride[0] - self.pad[0], column * self.stride[1] - self.pad[1]
        return Window(top, left, top + self.size[0], left + self.size[1])


def steps_of(layers: Sequence[Layer], kernels: Mapping[str, NDArray[np.float32]]) -> tuple[Step, ...]:
    """Each layer looks at the one before it; stride and padding follow from the shapes."""
    befores = [INPUT, *(layer.shape for layer in layers[:-1])]
    return tuple(_step(layer, before, kernels) for layer, before in zip(layers, befores, strict=True))


def _step(layer: Layer, before: Shape, kernels: Mapping[str, NDArray[np.float32]]) -> Step:
    known = kernels[layer.name].shape if layer.kind == "conv" else (0, 0)
    along = [_along(before[i], layer.shape[i], known[i]) for i in range(2)]
    sizes, strides, pads = zip(*along, strict=True)
    return Step(layer, before, sizes, strides, pads)


def _along(before: int, after: int, size: int) -> tuple[int, int, int]:
    """Window, stride and padding along one axis; size 0 is a pooling, whose windows are as large as its strides."""
    for stride in range(1, before + 1):
        window = size or stride
        if after in (-(-before // stride), (before - window) // stride + 1):
            # "same" padding puts the odd row below; without padding the sum is not positive.
            return window, stride, max((after - 1) * stride + window - before, 0) // 2
    raise ValueError(f"No window of {size} leads from {before} to {after} cells.")


def receptive_field(steps: Sequence[Step], row: int, column: int) -> Window:
    """What of the 28×28 one cell of the last of these steps can see."""
    height, width, _ = INPUT
    top, left, bottom, right = row, column, row + 1, column + 1
    for step in reversed(steps):
        first, last = step.window(top, left), step.window(bottom - 1, right - 1)
        top, left, bottom, right = first.top, first.left, last.bottom, last.right
    return Window(max(top, 0), max(left, 0), min(bottom, height), min(right, width))


def peak(channel: NDArray[np.float32]) -> tuple[int, int]:
    """(h, w) → row and column of the strongest response, the first in reading order among equals."""
    row, column = np.unravel_index(int(channel.argmax()), channel.shape)
    return int(row), int(column)


def strongest_first(activation: NDArray[np.float32]) -> list[int]:
    """(h, w, channels) → the channels, by their strongest response."""
    peaks = activation.max(axis=(0, 1))
    return [int(k) for k in np.argsort(-peaks, kind="stable")]
