"""Checkpoints, from which an interrupted training resumes, also on another machine or Keras backend."""

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
    """Named lists of arrays, and facts about the training that fit into JSON."""

    arrays: Mapping[str, Weights]
    facts: dict[str, Any]


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write the checkpoint; an interruption leaves the previous one intact."""
    flat = {f"{name}/{i}": array for name, listed in checkpoint.arrays.items() for i, array in enumerate(listed)}
    with open_atomic(path) as file:
        np.savez(file, allow_pickle=False, facts=np.array(json.dumps(checkpoint.facts)), **flat)


def load_checkpoint(path: Path) -> Checkpoint | None:
    """Return the checkpoint at `path`, or None if there is no file."""
    if not path.exists():
        return None
    arrays: dict[str, Weights] = {}
    with np.load(path, allow_pickle=False) as stored:
        for key in stored.files:  # in the order in which they were stored
            if key != "facts":
                arrays.setdefault(key.rpartition("/")[0], []).append(stored[key])
        return Checkpoint(arrays, json.loads(str(stored["facts"])))


def optimizer_variables(optimizer: keras.optimizers.Optimizer) -> Weights:
    return [np.asarray(keras.ops.convert_to_numpy(variable)) for variable in optimizer.variables]


def restore_variables(optimizer: keras.optimizers.Optimizer, values: Weights) -> None:
    for variable, value in zip(optimizer.variables, values, strict=True):
        variable.assign(value)
