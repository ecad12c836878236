"""The digit network as a chain of steps in plain NumPy, from the 28×28 input to the logits.

It computes in double precision, so that every number that a page shows is right to its last digit. ONNX Runtime runs
the network for answers; a test holds both together.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from mlcore.artifact import Layer, Network
from mlcore.explaining.geometry import INPUT, LayerGeometry, Shape, layer_geometries
from mlcore.explaining.keras_weights import Floats, Normalisation, TrainedConvolution

StepKind = Literal["conv", "pool", "average", "dense"]
LOGITS = "logits"


@dataclass(frozen=True)
class Weighting:
    """The weights of a convolution or a dense layer. A dense layer is a convolution whose kernel covers the map."""

    kernel: Floats  # (rows, columns, channels before, channels)
    bias: Floats  # (channels,)
    normalisation: Normalisation | None
    is_rectified: bool  # negative results become zero


@dataclass(frozen=True)
class Step:
    """One step of the network: each of its cells is computed from a window of the step before."""

    name: str
    kind: StepKind
    shape: Shape  # height, width, channels
    geometry: LayerGeometry
    weighting: Weighting | None  # None: a pooling or an average

    def run(self, before: Floats) -> Floats:
        """Return the outputs, (height, width, channels)."""
        if self.kind == "average":
            return before.mean(axis=(0, 1), keepdims=True)
        windows = self._windows(before)  # (height, width, channels before, rows, columns)
        if self.weighting is None:
            return np.asarray(windows.max(axis=(3, 4)))
        weighting = self.weighting
        sums = np.tensordot(windows, weighting.kernel, axes=([3, 4, 2], [0, 1, 2])) + weighting.bias
        if weighting.normalisation is not None:
            normalisation = weighting.normalisation
            sums = (sums - normalisation.mean) / normalisation.deviation * normalisation.gamma + normalisation.beta
        return np.maximum(sums, 0) if weighting.is_rectified else sums

    def _windows(self, before: Floats) -> Floats:
        """Return the window of every cell; places outside the map are 0."""
        geometry = self.geometry
        height, width, _ = self.shape
        pads = [
            (pad, max((cells - 1) * stride + size - pad - length, 0))
            for pad, cells, stride, size, length in zip(
                geometry.pad, (height, width), geometry.stride, geometry.size, before.shape[:2], strict=True
            )
        ]
        padded = np.pad(before, (*pads, (0, 0)))
        windows = sliding_window_view(padded, geometry.size, axis=(0, 1))
        return windows[:: geometry.stride[0], :: geometry.stride[1]][:height, :width]


def build_steps(
    network: Network,
    folded: Mapping[str, NDArray[np.float32]],  # weights.npz, with the normalisation folded in
    trained: Mapping[str, TrainedConvolution],  # the convolutions whose normalisation is known
) -> tuple[Step, ...]:
    """Return all steps of a network in order; the last one computes the logits."""
    steps = [*_visible_steps(network.layers, folded, trained)]
    if network.averaged:
        steps.append(_average_step(steps[-1].shape))
    names = {layer.name for layer in network.layers}
    for name in folded:  # in the network's order
        if name in names or name.endswith("_bias"):
            continue
        steps.append(_dense_step(name, steps[-1].shape, folded[name], folded[f"{name}_bias"]))
    return tuple(steps)


def run_steps(steps: Sequence[Step], image: NDArray[np.uint8]) -> dict[str, Floats]:
    """Return the outputs of every step by its name; `input` is the image itself, 0..1."""
    outputs: dict[str, Floats] = {"input": image[..., np.newaxis] / 255.0}
    before = outputs["input"]
    for step in steps:
        before = outputs[step.name] = step.run(before)
    return outputs


def _visible_steps(
    layers: Sequence[Layer],
    folded: Mapping[str, NDArray[np.float32]],
    trained: Mapping[str, TrainedConvolution],
) -> Iterator[Step]:
    for geometry in layer_geometries(layers, folded):
        layer = geometry.layer
        weighting = None
        if layer.kind == "conv" and layer.name in trained:
            known = trained[layer.name]
            weighting = Weighting(known.kernel, known.bias, known.normalisation, is_rectified=True)
        elif layer.kind == "conv":
            kernel, bias = (folded[name].astype(np.float64) for name in (layer.name, f"{layer.name}_bias"))
            weighting = Weighting(kernel, bias, None, is_rectified=True)
        yield Step(layer.name, layer.kind, layer.shape, geometry, weighting)


def _average_step(before: Shape) -> Step:
    shape = (1, 1, before[2])
    return Step("average", "average", shape, _whole_map("average", before, shape), None)


def _dense_step(name: str, before: Shape, weights: NDArray[np.float32], bias: NDArray[np.float32]) -> Step:
    """Return a dense layer over a whole map, which Keras flattens row by row with channels last."""
    shape = (1, 1, weights.shape[1])
    kernel = weights.astype(np.float64).reshape(*before, weights.shape[1])
    weighting = Weighting(kernel, bias.astype(np.float64), None, is_rectified=name != LOGITS)
    return Step(name, "dense", shape, _whole_map(name, before, shape), weighting)


def _whole_map(name: str, before: Shape, shape: Shape) -> LayerGeometry:
    return LayerGeometry(Layer(name, "conv", shape), before, before[:2], (1, 1), (0, 0))


def shape_before(steps: Sequence[Step], position: int) -> Shape:
    return steps[position - 1].shape if position else INPUT
