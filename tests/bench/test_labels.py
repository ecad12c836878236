"""Tests of what the bench of the label doctor counts."""

import numpy as np
import pytest

from bench.labels import best_recall, spoil_labels


def test_spoilt_labels_are_other_digits_and_as_many_as_asked():
    labels = np.arange(200, dtype=np.uint8) % 10
    spoilt = spoil_labels(labels, 0.03, np.random.default_rng(1))
    assert (spoilt != labels).sum() == 6
    assert spoilt.max() < 10


def test_the_largest_share_is_found_down_to_the_last_place_with_the_precision():
    wrong = np.array([True, False, True, False, False, False, True])
    assert best_recall(wrong, precision=0.5) == pytest.approx(2 / 3)
    assert best_recall(wrong, precision=0.9) == pytest.approx(1 / 3)
    assert best_recall(~np.ones(3, np.bool_) | np.array([False, False, True]), precision=0.9) == 0
