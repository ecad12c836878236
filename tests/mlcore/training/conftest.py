"""A network small enough to be trained here, in seconds, without a download."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from mlcore.artifact import Artifact
from mlcore.training.data import Digits

pytest.importorskip("keras")

from mlcore.training import pool
from mlcore.training.fit import Plan
from mlcore.training.handwriting import write_digit
from mlcore.training.train import Recipe, train


def written(count: int, seed: int) -> Digits:
    """Stands in for MNIST."""
    from mlcore.reading.normalise import normalise

    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, count).astype(np.uint8)
    return Digits(np.stack([normalise(write_digit(int(label), rng)) for label in labels]), labels)


@pytest.fixture(scope="session")
def digits() -> Digits:
    return written(900, seed=1)


@pytest.fixture(scope="session")
def npz(digits: Digits, tmp_path_factory: pytest.TempPathFactory) -> Path:
    test = written(200, seed=2)
    path = tmp_path_factory.mktemp("data") / "mnist.npz"
    np.savez(path, x_train=digits.images, y_train=digits.labels, x_test=test.images, y_test=test.labels)
    return path


@dataclass(frozen=True)
class Trained:
    artifact: Artifact
    recipe: Recipe
    runs: Path


@pytest.fixture(scope="session")
def trained(npz: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    runs = tmp_path_factory.mktemp("runs")
    few = pool.Amounts(clean=60, sheet=20, mnist_sheet=20, coarse=20, negative=20)
    recipe = Recipe(plan=Plan(epochs=2, batch=32), generated=few, share=few.total, data=npz)
    artifact = train(recipe, "digits-9", runs / "digits-9", runs, "manage.py train_model", lambda stage: None)
    return Trained(artifact, replace(recipe), runs)
