"""A network small enough to be trained here, in seconds, without a download: shared by all who need one."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlcore.artifact import Artifact
from mlcore.reading.normalise import normalise

if TYPE_CHECKING:
    from mlcore.training.datasets.mnist import Digits
    from mlcore.training.recipes.digit import Recipe


def written(count: int, seed: int) -> "Digits":
    """Stands in for MNIST."""
    from mlcore.training.datasets.mnist import Digits
    from mlcore.training.synthesis.handwriting import write_digit

    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, count).astype(np.uint8)
    return Digits(np.stack([normalise(write_digit(int(label), rng)) for label in labels]), labels)


@pytest.fixture(scope="session")
def digits() -> "Digits":
    return written(900, seed=1)


@pytest.fixture(scope="session")
def npz(digits: "Digits", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Like Keras's own mnist.npz."""
    test = written(200, seed=2)
    path = tmp_path_factory.mktemp("data") / "mnist.npz"
    np.savez(path, x_train=digits.images, y_train=digits.labels, x_test=test.images, y_test=test.labels)
    return path


@dataclass(frozen=True)
class Trained:
    artifact: Artifact
    recipe: "Recipe"
    runs: Path


@pytest.fixture(scope="session")
def trained(npz: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    pytest.importorskip("keras")
    from mlcore.training.datasets import digits as pool
    from mlcore.training.evaluation.calibrate import Counts
    from mlcore.training.networks.fit import Plan
    from mlcore.training.recipes.digit import Recipe, train

    runs = tmp_path_factory.mktemp("runs")
    few = pool.Amounts(clean=60, sheet=20, mnist_sheet=20, coarse=20, negative=20, line=20)
    recipe = Recipe(
        plan=Plan(epochs=8, batch=32), generated=few, share=few.total, calibration=Counts(40, 30, 10, 10), data=npz
    )
    artifact = train(recipe, "digits-9", runs / "digits-9", runs, "manage.py train_model", lambda stage: None)
    return Trained(artifact, recipe, runs)
