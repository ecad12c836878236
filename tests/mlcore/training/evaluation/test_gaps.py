"""Accuracy by gap of the shipped model, on a few synthetic digits."""

import pytest

from mlcore.artifact import SHIPPED, load_artifact
from mlcore.training.datasets.mnist import Digits
from mlcore.training.evaluation.gaps import GAPS, SHEETS, measure_by_gap

COUNT = 6


@pytest.mark.slow
def test_numbers_are_measured_by_sheet_and_gap(digits: Digits) -> None:
    artifact = load_artifact(SHIPPED)
    table = measure_by_gap(artifact, digits, COUNT)
    assert set(table) == set(SHEETS)
    for shares in table.values():
        assert list(shares) == list(GAPS)
        assert shares["wide"] >= 0.7
    few = measure_by_gap(artifact, digits, count=2)
    assert measure_by_gap(artifact, digits, count=2) == few
    assert measure_by_gap(artifact, digits, count=2, seed=2) != few


@pytest.mark.slow
def test_numbers_of_wrongly_labelled_digits_are_wrong(digits: Digits) -> None:
    table = measure_by_gap(load_artifact(SHIPPED), Digits(digits.images, (digits.labels + 1) % 10), count=2)
    assert {share for shares in table.values() for share in shares.values()} == {0}
