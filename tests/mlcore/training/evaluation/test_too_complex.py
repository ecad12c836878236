"""Evaluation and calibration go on where the reader would reject a picture as too complex."""

from collections.abc import Callable

import numpy as np
import pytest

from mlcore.artifact import SHIPPED, load_artifact
from mlcore.reading.budget import WorkBudget
from mlcore.reading.engine import Engine
from mlcore.reading.numbers.weights import Weights
from mlcore.training.datasets.lines import Writers
from mlcore.training.datasets.mnist import Digits
from mlcore.training.evaluation.calibrate import CalibrationCounts, fit_thresholds, render_numbers
from mlcore.training.evaluation.gaps import measure_by_gap
from mlcore.training.evaluation.weights import fit_weights

FEW = CalibrationCounts(digits=20, negatives=5, numbers=2, numbers_for_weights=2)


@pytest.fixture(autouse=True)
def _small_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    make_budget: Callable[[], WorkBudget] = lambda: WorkBudget(1000)  # noqa: E731
    monkeypatch.setattr("mlcore.reading.numbers.number.WorkBudget", make_budget)


def test_too_complex_numbers_are_left_out_of_the_calibration(digits: Digits) -> None:
    fitted = fit_thresholds(load_artifact(SHIPPED), Writers(digits), 1, FEW)
    assert fitted["number_read"] > 1  # no number was read, so none may be sure


def test_too_complex_lines_leave_the_weights_as_they_are(digits: Digits) -> None:
    weights = fit_weights(
        Engine(load_artifact(SHIPPED)), lambda: render_numbers(Writers(digits), 2, np.random.default_rng(1))
    )
    assert weights.as_card_entries() == Weights.from_card({}).as_card_entries()


def test_too_complex_numbers_count_as_not_read(digits: Digits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlcore.training.evaluation.gaps.WorkerPool", InProcess)
    table = measure_by_gap(load_artifact(SHIPPED), digits, 1)
    assert {share for shares in table.values() for share in shares.values()} == {0}


class InProcess:
    """The worker pool's interface in this process, where the budget is small."""

    def __init__(self, shared: object) -> None:
        self.shared = shared

    def __enter__(self) -> "InProcess":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def map(self, work, *arguments):
        return (work(self.shared, *each) for each in zip(*arguments, strict=False))
