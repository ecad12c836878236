"""Tests of the images of an epoch."""

import numpy as np
import pytest

from mlcore.training.datasets.epochs import MAX_CORRECTED, MAX_REPEATS, make_epoch, mix_corrected
from mlcore.training.datasets.mnist import Digits


def digits_labelled(label: int, count: int) -> Digits:
    return Digits(np.full((count, 28, 28), label, np.uint8), np.full(count, label, np.uint8))


@pytest.mark.parametrize("corrected", [1, 5, 40, 140, 5_000])
def test_at_least_85_percent_of_an_epoch_are_replayed(corrected: int):
    mixture = mix_corrected(
        digits_labelled(1, corrected), digits_labelled(7, 3_000), size=1_000, seed=1, reduced_from=4
    )
    assert mixture.size == 1_000
    labels = make_epoch(mixture, seed=1, number=0).labels
    share = (labels == 1).mean()
    assert 0 < share <= MAX_CORRECTED
    assert share == pytest.approx(min(MAX_CORRECTED, MAX_REPEATS * corrected / 1_000), abs=0.04)
