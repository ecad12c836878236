"""The geometry of layers: which cells of the previous layer, and of the 28×28 input, each cell sees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcore.artifact import Layer

Shape = tuple[int, int, int]  # height, width, channels
INPUT: Shape = (28, 28, 1)


@dataclass(frozen=True, slots=True)
class Window:
    """The rows top..bottom and columns left..right of a map, the ends excluded."""

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
class LayerGeometry:
    """The window, stride and padding of one layer."""

    layer: Layer
    before: Shape  # of the previous layer
    size: tuple[int, int]  # of the window, rows and columns
    stride: tuple[int, int]
    pad: tuple[int, int]  # empty rows above and columns to the left

    def window(self, row: int, column: int) -> Window:
        """Return the window of one cell in the previous layer. It may extend over the edges."""
        top, left = row * self.stride[0] - self.pad[0], column * self.stride[1] - self.pad[1]
        return Window(top, left, top + self.size[0], left + self.size[1])


def layer_geometries(layers: Sequence[Layer], kernels: Mapping[str, NDArray[np.float32]]) -> tuple[LayerGeometry, ...]:
    """Return the geometry of each layer; stride and padding follow from the shapes."""
    befores = [INPUT, *(layer.shape for layer in layers[:-1])]
    return tuple(_layer_geometry(layer, before, kernels) for layer, before in zip(layers, befores, strict=True))


def _layer_geometry(layer: Layer, before: Shape, kernels: Mapping[str, NDArray[np.float32]]) -> LayerGeometry:
    kernel = kernels[layer.name].shape if layer.kind == "conv" else (0, 0)
    axes = [_axis_geometry(before[i], layer.shape[i], kernel[i]) for i in range(2)]
    sizes, strides, pads = zip(*axes, strict=True)
    return LayerGeometry(layer, before, sizes, strides, pads)


def _axis_geometry(before: int, after: int, size: int) -> tuple[int, int, int]:
    """Return window, stride and padding along one axis. Size 0 means a pooling, whose window equals its stride."""
    for stride in range(1, before + 1):
        window = size or stride
        if after in (-(-before // stride), (before - window) // stride + 1):
            # "same" padding puts an odd row below; without padding the value in max() is not positive.
            return window, stride, max((after - 1) * stride + window - before, 0) // 2
    raise ValueError(f"No window of {size} leads from {before} to {after} cells.")


def receptive_field(geometries: Sequence[LayerGeometry], row: int, column: int) -> Window:
    """Return the part of the 28×28 input that one cell of the last of these layers sees."""
    height, width, _ = INPUT
    top, left, bottom, right = row, column, row + 1, column + 1
    for geometry in reversed(geometries):
        first, last = geometry.window(top, left), geometry.window(bottom - 1, right - 1)
        top, left, bottom, right = first.top, first.left, last.bottom, last.right
    return Window(max(top, 0), max(left, 0), min(bottom, height), min(right, width))


def find_peak(channel: NDArray[np.floating[Any]]) -> tuple[int, int]:
    """Return row and column of the strongest response; among equals the first in reading order. (h, w)"""
    row, column = np.unravel_index(int(channel.argmax()), channel.shape)
    return int(row), int(column)


def strongest_first(activation: NDArray[np.floating[Any]]) -> list[int]:
    """Return the channels ordered by their strongest response. (h, w, channels)"""
    peaks = activation.max(axis=(0, 1))
    return [int(k) for k in np.argsort(-peaks, kind="stable")]
