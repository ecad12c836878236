import numpy as np
from numpy.typing import NDArray

from mlcore.training.data import Digits
from mlcore.training.finer import enlarged, sharpened


def grey(ink: NDArray[np.float32]) -> float:
    """The share of the ink's pixels that are neither paper nor full ink."""
    return float(((ink > 0.1) & (ink < 0.9)).sum() / (ink > 0.1).sum())


def test_a_digit_keeps_its_place_and_its_softness_when_enlarged(digits: Digits) -> None:
    image = digits.images[0]
    large = enlarged(image, 3)
    assert large.shape == (84, 84)
    blocks = large.reshape(28, 3, 28, 3).mean(axis=(1, 3)) * 255
    assert np.abs(blocks - image).mean() < 4


def test_a_pen_leaves_sharp_edges_and_a_higher_edge_a_thinner_stroke(digits: Digits) -> None:
    image = digits.images[0]
    thick, thin = sharpened(image, 0.35), sharpened(image, 0.65)
    assert thick.shape == (112, 112)
    assert grey(thick) < grey(enlarged(image, 4)) / 2
    assert 0 < thin.sum() < thick.sum()
