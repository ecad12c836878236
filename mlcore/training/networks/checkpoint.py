"""What a training needs to go on from where it was. It may go on elsewhere: nothing in it depends on the backend."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from mlcore.atomic_files import open_atomic

Weights = list[NDArray[np.float32]]


@dataclass(frozen=True)
class Checkpoint:
    arrays: Mapping[str, Weights]
    about: dict[str, Any]


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """An interruption leaves the last whole one."""
    flat = {f"{name}/{i}": array for name, listed in checkpoint.arrays.items() for i, array in enumerate(listed)}
    with open_atomic(path) as file:
        np.savez(file, allow_pickle=False, about=np.array(json.dumps(checkpoint.about)), **flat)


def load_checkpoint(path: Path) -> Checkpoint | None:
    if not path.exists():
        return None
    arrays: dict[str, Weights] = {}
    with np.load(path, allow_pickle=False) as stored:
        for key in stored.files:  # in the order in which they were stored
            if key != "about":
                arrays.setdefault(key.rpartition("/")[0], []).append(stored[key])
        return Checkpoint(arrays, json.loads(str(stored["about"])))


def variables_of(optimizer: keras.optimizers.Optimizer) -> Weights:
    return [np.asarray(keras.ops.convert_to_numpy(variable)) for variable in optimizer.variables]


def restore_variables(optimizer: keras.optimizers.Optimizer, values: Weights) -> None:
    for variable, value in zip(optimizer.variables, values, strict=True):
        variable.assign(value)
