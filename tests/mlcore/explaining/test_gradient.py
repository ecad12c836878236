"""The gradient compared with differences of the network's own outputs."""

import numpy as np
import pytest

from mlcore.explaining.explainer import Explainer
from mlcore.explaining.forward import run_steps
from mlcore.explaining.gradient import input_gradient
from mlcore.reading.engine import Engine

STEP = 1e-4  # of the ink's range 0..1


def assert_gradient_is_right(explainer, rng):
    """Compare with central differences, on noise: there, no two cells of a pooling's window are equal."""
    image = rng.integers(0, 256, (28, 28)).astype(np.uint8)
    weights = rng.normal(size=11)
    gradient = input_gradient(explainer.steps, explainer.outputs(image), weights)

    def weighted(cells):
        return float(run_steps(explainer.steps, cells * 255)["logits"].reshape(-1) @ weights)

    for _ in range(12):
        row, column = rng.integers(0, 28, 2)
        change = np.zeros((28, 28))
        change[row, column] = STEP
        expected = (weighted(image / 255 + change) - weighted(image / 255 - change)) / (2 * STEP)
        assert gradient[row, column] == pytest.approx(expected, abs=0.02 * np.abs(gradient).max())


def test_the_gradient_of_the_shipped_network_equals_differences(explainer, rng):
    assert_gradient_is_right(explainer, rng)


@pytest.mark.slow
def test_the_gradient_of_classic_equals_differences(classic, rng):
    assert_gradient_is_right(Explainer(Engine(classic)), rng)
