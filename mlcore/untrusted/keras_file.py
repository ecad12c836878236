"""The checks of the files that Keras and the explorer read: layers, weights and kernels.

A Keras file may name any class of Python, and an HDF5 file may refer to other files. Only layers of our own networks
are allowed, and only arrays that are in the file itself.
"""

import io
import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from mlcore.untrusted.archive import MAX_UNPACKED_BYTES, UntrustedError, read_entries

FILES = {"metadata.json", "config.json", "model.weights.h5"}
CLASSES = frozenset(
    {
        "__keras_tensor__", "Functional", "DTypePolicy", "GlorotUniform", "Ones", "Zeros",
        "BatchNormalization", "Conv2D", "Dense", "Dropout", "Flatten", "GlobalAveragePooling2D", "InputLayer",
        "MaxPooling2D", "ReLU", "Reshape",
    }
)  # fmt: skip
MODULES = (None, "keras", "keras.initializers", "keras.layers", "keras.src.models.functional")
ACTIVATIONS = ("linear", "relu")
NAMES_OF_FUNCTIONS = ("activation", "function", "fn", "custom_objects", "loss", "optimizer")
MAX_MEMBERS = 1_000  # of an HDF5 file
MAX_DEPTH = 20


def check_keras(data: bytes) -> None:
    """Raise UntrustedError unless the file holds allowed layers and their weights, and nothing else."""
    entries = read_entries(io.BytesIO(data))
    if set(entries) != FILES:
        raise UntrustedError("A Keras file has other files in it than Keras writes.")
    try:
        config = json.loads(entries["config.json"])
        json.loads(entries["metadata.json"])
    except (ValueError, RecursionError) as error:
        raise UntrustedError("A Keras file is damaged.") from error
    for described in _objects(config):
        _check_object(described)
    check_hdf5(entries["model.weights.h5"])


def _objects(value: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """Yield every object in JSON values, however deep it lies."""
    if depth > 200:
        raise UntrustedError("A Keras file is nested too deeply.")
    if isinstance(value, dict):
        yield value
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        yield from _objects(part, depth + 1)


def _check_object(described: dict[str, Any]) -> None:
    if "class_name" in described:
        name, module = described["class_name"], described.get("module")
        registered = described.get("registered_name")
        if name not in CLASSES or module not in MODULES or registered not in (None, "Functional"):
            raise UntrustedError(f"A Keras file has a layer that is not allowed: {str(name)[:40]}.")
    for key in NAMES_OF_FUNCTIONS:
        if described.get(key) not in (None, *ACTIVATIONS):
            raise UntrustedError("A Keras file has a function that is not allowed.")


def check_hdf5(data: bytes) -> None:
    """Raise UntrustedError unless the file holds plain arrays only, without links to other files."""
    import h5py  # takes 40 ms and 10 MB

    left, members = MAX_UNPACKED_BYTES, 0
    with h5py.File(io.BytesIO(data), "r") as file:
        waiting = [(file, 0)]
        while waiting:
            group, depth = waiting.pop()
            for name in group:
                members += 1
                if members > MAX_MEMBERS or depth > MAX_DEPTH:
                    raise UntrustedError("The weights of a Keras file have too many parts.")
                if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                    raise UntrustedError("The weights of a Keras file refer to other files.")
                member = group[name]
                if isinstance(member, h5py.Group):
                    waiting.append((member, depth + 1))
                    continue
                if member.external or member.is_virtual or member.dtype.kind not in "fiu":
                    raise UntrustedError("The weights of a Keras file are not plain arrays.")
                left -= member.nbytes
                if left < 0:
                    raise UntrustedError("The weights of a Keras file are too large.")


def check_kernels(data: bytes) -> None:
    """Raise UntrustedError unless each array of the NPZ file is as large as its header says, and plain numbers."""
    for content in read_entries(io.BytesIO(data)).values():
        file = io.BytesIO(content)
        version = np.lib.format.read_magic(file)
        if version != (1, 0):
            raise UntrustedError("An array of the kernels has an unknown format.")
        shape, _is_fortran, dtype = np.lib.format.read_array_header_1_0(file)
        if dtype.kind != "f" or math.prod(shape) * dtype.itemsize != len(content) - file.tell():
            raise UntrustedError("An array of the kernels is not what its header says.")
