"""Training on Keras's PyTorch backend, tested if torch is installed."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mlcore.artifact import load_artifact
from mlcore.reading.engine import Engine

pytest.importorskip("torch")

TRAIN = """
import sys
from pathlib import Path
from mlcore.artifact import SHIPPED, load_artifact
from mlcore.training.datasets.digits import DigitCounts
from mlcore.training.evaluation.calibrate import CalibrationCounts
from mlcore.training.networks.fit import DigitPlan
from mlcore.training.recipes.digit import DigitRecipe, line_part_of, train_digit_network

if __name__ == "__main__":
    data, target = map(Path, sys.argv[1:])
    few = DigitCounts(60, 20, 20, 20, 20, 20)
    plan, counts = DigitPlan(epochs=5, batch=32), CalibrationCounts(40, 30, 10, 10)
    recipe = DigitRecipe(plan, few, few.total, counts, data=data, thorough=False)
    lines = line_part_of(load_artifact(SHIPPED))
    train_digit_network(recipe, lines, target, target.parent, "a test", lambda stage: None)
"""


@pytest.mark.slow
def test_onnx_runtime_measures_the_accuracy_that_training_on_torch_reports(npz: Path, tmp_path: Path) -> None:
    script = tmp_path / "tiny.py"
    script.write_text(TRAIN)
    target = tmp_path / "digits-9"
    environment = os.environ | {"KERAS_BACKEND": "torch", "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run(
        [sys.executable, script, npz, target], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    artifact = load_artifact(target)
    assert artifact.card.training["hardware"].endswith("(torch)")
    with np.load(npz) as arrays:
        images, labels = arrays["x_test"], arrays["y_test"]
    right = Engine(artifact).classify(images).probabilities.argmax(axis=1) == labels
    assert float(right.mean()) == pytest.approx(artifact.card.metrics["test"]["accuracy"])
    assert right.mean() > 0.3
