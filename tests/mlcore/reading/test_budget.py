"""The bound on the work of one reading."""

import cv2
import numpy as np
import pytest

from mlcore.reading.budget import TooComplexError, WorkBudget
from mlcore.reading.files.decode import decode
from tests.pictures import digit_png


def rings(side: int) -> bytes:
    """Draw thin rings in rings: one large region that the line network takes for many digits."""
    canvas = np.full((side, side), 255, np.uint8)
    for radius in range(10, side, 24):
        cv2.circle(canvas, (side // 3, side // 2), radius, 0, 1)
    return bytes(cv2.imencode(".png", canvas)[1])


def test_work_beyond_the_budget_is_not_started():
    budget = WorkBudget(100)
    budget.spend(100)
    with pytest.raises(TooComplexError):
        budget.spend(1)


def test_a_picture_that_costs_too_much_is_rejected_with_its_reason(reader, monkeypatch):
    monkeypatch.setattr("mlcore.reading.numbers.number.WorkBudget", lambda: WorkBudget(1_000_000))
    reading = reader.read(rings(300), "number")
    assert (reading.decision, reading.reason, reading.text, reading.glyphs) == ("rejected", "too_complex", "", ())


def test_a_digit_costs_a_fiftieth_of_the_budget(reader, monkeypatch):
    budgets: list[WorkBudget] = []

    def make_budget() -> WorkBudget:
        budgets.append(WorkBudget())
        return budgets[-1]

    monkeypatch.setattr("mlcore.reading.numbers.number.WorkBudget", make_budget)
    reader.read_picture(decode(digit_png()), "number")
    (budget,) = budgets
    assert budget.left > 0.98 * WorkBudget().left
