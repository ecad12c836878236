"""A network small enough to be trained in seconds and without a download, shared by all tests that need one."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlcore.artifact import SHIPPED, Artifact, load_artifact
from mlcore.reading.layout.normalise import normalise

if TYPE_CHECKING:
    from mlcore.training.datasets.mnist import Digits
    from mlcore.training.recipes.digit import DigitRecipe

# A test imports Keras when it runs: its import would cost each process of the tests four seconds as it collects them.
needs_keras = pytest.mark.skipif(importlib.util.find_spec("keras") is None, reason="Keras is not installed")


def write_digits(count: int, seed: int) -> "Digits":
    """Return synthetic digits in the place of MNIST's."""
    from mlcore.training.datasets.mnist import Digits
    from mlcore.training.synthesis.handwriting import write_digit

    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, count).astype(np.uint8)
    return Digits(np.stack([normalise(write_digit(int(label), rng)) for label in labels]), labels)


@pytest.fixture(scope="session")
def digits() -> "Digits":
    return write_digits(900, seed=1)


@pytest.fixture(scope="session")
def npz(digits: "Digits", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file like Keras's mnist.npz. It has ten test digits, and an evaluation draws pictures in proportion."""
    test = write_digits(60, seed=2)
    test = test[np.unique(test.labels, return_index=True)[1]]
    path = tmp_path_factory.mktemp("data") / "mnist.npz"
    np.savez(path, x_train=digits.images, y_train=digits.labels, x_test=test.images, y_test=test.labels)
    return path


@dataclass(frozen=True)
class Trained:
    artifact: Artifact
    recipe: "DigitRecipe"
    runs: Path


@pytest.fixture(scope="session")
def trained(npz: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    pytest.importorskip("keras")
    from mlcore.training.datasets.digits import DigitCounts
    from mlcore.training.evaluation.calibrate import CalibrationCounts
    from mlcore.training.networks.fit import DigitPlan
    from mlcore.training.recipes.digit import DigitRecipe, line_part_of, train_digit_network

    runs = tmp_path_factory.mktemp("runs")
    few = DigitCounts(clean=60, sheet=20, mnist_sheet=20, coarse=20, negative=20, line=20)
    recipe = DigitRecipe(
        plan=DigitPlan(epochs=5, batch=32),
        synthetic=few,
        synthetic_per_epoch=few.total,
        calibration=CalibrationCounts(40, 30, 10, 10),
        data=npz,
    )
    lines = line_part_of(load_artifact(SHIPPED))
    artifact = train_digit_network(recipe, lines, runs / "digits-9", runs, "manage.py train_model", lambda stage: None)
    return Trained(artifact, recipe, runs)
