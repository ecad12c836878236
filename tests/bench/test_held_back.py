"""Tests of the simulated reviews on which the passes of `held_back_gain` are counted."""

import numpy as np
import pytest

from bench.held_back import Answers, Reviews, pass_rates, review
from mlcore.training.datasets.mnist import Digits
from mlcore.training.evaluation.held_back import UNREVIEWED

COUNT = 1_000


@pytest.fixture(scope="module")
def written() -> Digits:
    labels = np.arange(COUNT, dtype=np.uint8) % 10
    return Digits(np.zeros((COUNT, 28, 28), np.uint8), labels)


def answers(written: Digits, error: float, seed: int) -> Answers:
    """Return what a model says that errs in this share and is sure of all but its errors."""
    wrong = np.random.default_rng(seed).random(COUNT) < error
    return Answers(np.where(wrong, (written.labels + 1) % 10, written.labels).astype(np.int64), ~wrong)


def test_people_review_what_is_said_of_them(written: Digits):
    active = answers(written, 0.2, 1)
    rng = np.random.default_rng(2)
    errors = review(active, written, Reviews("", 1, 0), rng)
    assert np.array_equal(errors.reviewed, ~active.sure)
    assert np.array_equal(errors.corrected, errors.reviewed)
    unsure = review(active, written, Reviews("", 0, 0, 1, 0.1), rng)
    assert unsure.reviewed[~active.sure].all()
    assert set(unsure.audited[unsure.audited > 0]) == {10}
    assert unsure.reviewed[active.sure].mean() == pytest.approx(0.1, abs=0.03)
    assert (unsure.digits.labels[~unsure.reviewed] == UNREVIEWED).all()


def test_a_better_model_passes_and_its_exchange_with_the_active_one_seldom(written: Digits):
    active, better = answers(written, 0.2, 1), answers(written, 0.02, 2)
    equal, real = pass_rates(active, better, written, Reviews("", 1, 0), 200, 100)
    assert equal <= 0.1
    assert real == 1
