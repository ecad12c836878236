"""Tests of the gate's pictures: the same for every model, and cached."""

import numpy as np

from mlcore.reading.layout.normalise import normalise
from mlcore.training.datasets.gate_pictures import GateCounts, render_gate_pictures
from mlcore.training.datasets.mnist import Digits
from mlcore.training.synthesis.handwriting import write_digit

COUNTS = GateCounts(papers=2, negatives=6, numbers=0)


def digits() -> Digits:
    rng = np.random.default_rng(0)
    images = [normalise(write_digit(digit, rng)) for digit in range(10)]
    return Digits(np.stack(images), np.arange(10, dtype=np.uint8))


def test_each_digit_comes_as_it_is_and_on_papers_and_is_rendered_once(tmp_path):
    first = render_gate_pictures(digits(), COUNTS, tmp_path)
    assert first.views.shape == (3, 10, 28, 28)
    assert (first.views[0] == digits().images).all()
    assert (first.views[1] != first.views[2]).any()
    assert first.negatives.shape == (6, 28, 28)
    progress: list[float] = []
    again = render_gate_pictures(digits(), COUNTS, tmp_path, progress.append)
    assert progress == []  # nothing was rendered
    assert (again.views == first.views).all()
