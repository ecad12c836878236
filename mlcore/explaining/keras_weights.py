"""The weights of normalised convolutions as they were trained, read from an artifact's Keras file without Keras.

`weights.npz` holds kernels with the normalisation folded in, which is all that running the network needs. The numbers
page shows the normalisation as a step of its own, and only the Keras file has its numbers.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Normalisation:
    """The numbers of a batch normalisation, each (channels,)."""

    gamma: Floats
    beta: Floats
    mean: Floats
    variance: Floats
    epsilon: float

    @property
    def deviation(self) -> Floats:
        return np.sqrt(self.variance + self.epsilon)


@dataclass(frozen=True)
class TrainedConvolution:
    """A convolution before its normalisation."""

    kernel: Floats  # (rows, columns, channels before, channels)
    bias: Floats  # (channels,)
    normalisation: Normalisation


def read_normalised_convolutions(keras_file: bytes) -> Mapping[str, TrainedConvolution]:
    """Return the convolutions that a batch normalisation follows, by the name of their visible layer (`conv1`)."""
    import h5py  # takes 40 ms and 10 MB, which only processes that show numbers should spend

    with zipfile.ZipFile(io.BytesIO(keras_file)) as archive:
        layers = json.loads(archive.read("config.json"))["config"]["layers"]
        with h5py.File(io.BytesIO(archive.read("model.weights.h5")), "r") as file:
            groups = [group["vars"] for group in file["layers"].values() if "vars" in group]
            weights = {str(group.attrs["name"]): _arrays(group) for group in groups if "name" in group.attrs}
    found, name = {}, ""
    for layer in layers:
        if layer["class_name"] == "Conv2D":
            name = layer["config"]["name"]
        elif layer["class_name"] == "BatchNormalization" and name:
            kernel, *rest = weights[name]
            bias = rest[0] if rest else np.zeros(kernel.shape[-1])
            gamma, beta, mean, variance = weights[layer["config"]["name"]]
            normalisation = Normalisation(gamma, beta, mean, variance, float(layer["config"]["epsilon"]))
            found[name.replace("kernel", "conv")] = TrainedConvolution(kernel, bias, normalisation)
    return found


def _arrays(group: Mapping[str, NDArray[np.float32]]) -> list[Floats]:
    return [np.asarray(group[str(number)], np.float64) for number in range(len(group))]
