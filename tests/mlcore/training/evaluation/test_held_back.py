"""Tests of the comparison on digits that were held back."""

from dataclasses import replace

import numpy as np
import pytest

from mlcore.artifact import save_artifact
from mlcore.training.datasets.mnist import Digits
from mlcore.training.datasets.reviewed_strips import NumberPicture
from mlcore.training.evaluation.held_back import (
    HeldBack,
    NumberShare,
    compare_held_back,
    compare_numbers,
    gain_bound,
)
from tests.handwriting import handwritten_png
from tests.training import write_digits


def held_back(digits: Digits, corrected: list[bool] | None = None) -> HeldBack:
    count = len(digits)
    flags = np.array(corrected if corrected is not None else [False] * count, np.bool_)
    return HeldBack(digits, np.arange(count), np.ones(count), flags)


def test_a_model_compared_with_itself_is_not_shown_to_be_better(artifact):
    result = compare_held_back(artifact, artifact, held_back(write_digits(30, seed=5), [True] * 10 + [False] * 20))
    assert result.active == result.candidate > 0.8
    assert (result.corrected.digits, result.confirmed.digits, result.pictures) == (10, 20, 30)
    assert result.bound == 0
    assert not result.check.passed


def test_numbers_are_compared_picture_by_picture(artifact, tmp_path):
    """A model without a line network reads no number, so it loses all that the active model reads."""
    pictures = [NumberPicture(handwritten_png(text, seed=3), "number", text) for text in ("407", "15", "2683")]
    pictures += [NumberPicture(handwritten_png("52"), "number", "25"), NumberPicture(b"no picture", "number", "12")]
    digits_alone = replace(artifact.card, networks={"digit": artifact.card.networks["digit"]})
    files = {name: artifact.read_bytes(name) for name in artifact.card.files}
    without_lines = save_artifact(tmp_path / "digits-0", digits_alone, files)
    asked: list[None] = []
    lost = compare_numbers(artifact, without_lines, iter(pictures), lambda: asked.append(None))
    assert lost == NumberShare(pictures=4, active=3, candidate=0, gained=0, lost=3)
    assert compare_numbers(without_lines, artifact, pictures, lambda: None) == NumberShare(4, 0, 3, 3, 0)
    assert len(asked) == 5


def test_without_numbers_nothing_is_said_of_them(artifact):
    assert compare_held_back(artifact, artifact, held_back(write_digits(3, seed=5))).numbers is None


def test_without_digits_nothing_is_shown(artifact):
    result = compare_held_back(
        artifact, artifact, held_back(Digits(np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.uint8)))
    )
    assert (result.pictures, result.bound, result.check.passed) == (0, 0.0, False)


def test_many_gains_are_shown_and_few_are_not():
    ones = np.ones(100)
    assert gain_bound(np.array([1.0] * 20 + [0.0] * 80), ones, np.arange(100)) > 0.1
    assert gain_bound(np.array([1.0] * 2 + [-1.0] * 1 + [0.0] * 97), ones, np.arange(100)) < 0


def test_digits_of_one_picture_are_not_independent():
    gains = np.array([1.0] * 30 + [-1.0] * 10)
    alone = gain_bound(gains, np.ones(40), np.arange(40))
    together = gain_bound(gains, np.ones(40), np.repeat(np.arange(4), 10))
    assert together < alone


def test_a_picture_counts_by_its_weight():
    gains, pictures = np.array([1.0] * 50 + [-1.0] * 50), np.arange(100)
    assert gain_bound(gains, np.array([50.0] * 50 + [1.0] * 50), pictures) > 0.8
    assert gain_bound(gains, np.array([1.0] * 50 + [50.0] * 50), pictures) < -0.8


@pytest.mark.parametrize("seed", [1, 2])
def test_the_bound_is_reproducible(seed):
    gains = np.random.default_rng(seed).choice([-1.0, 0.0, 1.0], 60)
    assert gain_bound(gains, np.ones(60), np.arange(60)) == gain_bound(gains, np.ones(60), np.arange(60))
