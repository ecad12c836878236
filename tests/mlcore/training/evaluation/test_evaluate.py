"""Evaluation, compared with figures calculated by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mlcore.training.datasets.mnist import Digits
from mlcore.training.evaluation.evaluate import (
    CHANGES,
    count_confusions,
    fit_digit_temperature,
    measure_calibration,
    measure_network,
    measure_robustness,
)


def confident_logits(labels: NDArray[np.uint8], strength: float = 10) -> NDArray[np.float32]:
    return (np.eye(11, dtype=np.float32) * strength)[labels]


def test_the_temperature_lowers_overconfidence() -> None:
    """Calibrated logits differ by log(9 * 9) instead of 10, because 90 % of the answers are right."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 20_000).astype(np.uint8)
    answers = np.where(rng.random(20_000) < 0.9, labels, (labels + rng.integers(1, 10, 20_000)) % 10)
    temperature = fit_digit_temperature(confident_logits(answers.astype(np.uint8)), labels)
    assert temperature == pytest.approx(10 / np.log(81), rel=0.05)


def test_negatives_do_not_change_the_temperature() -> None:
    labels = np.array([1, 2, 10, 10], np.uint8)
    logits = confident_logits(np.array([1, 2, 3, 4], np.uint8))
    assert fit_digit_temperature(logits, labels) == fit_digit_temperature(logits[:2], labels[:2])


def test_calibration_error_is_the_weighted_gap() -> None:
    shares = np.full((4, 10), 0.2 / 9, np.float32)
    shares[:, 0] = 0.8
    found = measure_calibration(shares, np.array([0, 0, 1, 1], np.uint8))  # half right at 80 %
    assert found.error == pytest.approx(0.3, abs=1e-6)
    assert found.count.sum() == 4


def test_metrics_count_errors_by_digit(digits: Digits) -> None:
    wrong = digits.labels.copy()
    sevens = np.flatnonzero(digits.labels == 7)
    wrong[sevens[:3]] = 1
    found = measure_network(lambda images: confident_logits(wrong), digits, temperature=1.0)
    assert found["errors"] == 3
    assert found["errors_by_digit"]["7"] == 3
    assert found["accuracy"] == pytest.approx(1 - 3 / len(digits))


def test_rows_of_the_confusion_table_are_the_truth() -> None:
    test = Digits(np.zeros((2, 28, 28), np.uint8), np.array([4, 9], np.uint8))
    table = count_confusions(lambda images: confident_logits(np.array([9, 9], np.uint8)), test)
    assert table[4, 9] == table[9, 9] == 1
    assert table.sum() == 2


@pytest.mark.parametrize("name", [name for name in CHANGES if name != "unchanged"])
def test_each_change_alters_the_images_and_keeps_their_ink(name: str, digits: Digits) -> None:
    images = digits.images[:5]
    changed = CHANGES[name](images, np.random.default_rng(0))
    assert changed.shape == images.shape
    assert changed.dtype == np.uint8
    assert not np.array_equal(changed, images)
    assert (changed.max(axis=(1, 2)) > 50).all()


def test_a_shift_moves_by_two_pixels(digits: Digits) -> None:
    changed = CHANGES["shifted 2 px"](digits.images[:1], np.random.default_rng(0))
    assert np.array_equal(changed[0, 2:, 2:], digits.images[0, :-2, :-2])


def test_the_robustness_table_has_every_row(digits: Digits) -> None:
    few = digits[:20]
    table = measure_robustness(lambda images: confident_logits(few.labels), few)
    assert set(table) == set(CHANGES)
    assert set(table.values()) == {1.0}
