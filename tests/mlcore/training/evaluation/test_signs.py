import pytest

from mlcore.artifact import SHIPPED, load_artifact
from mlcore.training.datasets.mnist import Digits
from mlcore.training.evaluation.signs import SHEETS, SignedNumber, measure_signs, summarise


def test_shares_tell_wrong_digits_from_wrong_signs():
    numbers = [
        SignedNumber("12.5", "12.5", True),
        SignedNumber("12,5", "12.5", True),
        SignedNumber("-3", "3", False),
        SignedNumber("4/7", "417", True),
    ]
    assert summarise(numbers) == {
        "written": 0.25,
        "written, a comma counting as a point": 0.5,
        "digits": 0.75,
        "sure": 0.75,
        "sure but wrong": 0.5,
    }


@pytest.mark.slow
def test_the_shipped_reader_writes_some_numbers_as_they_stand(digits: Digits):
    measured = measure_signs(load_artifact(SHIPPED), digits, count=6)
    assert set(measured) == set(SHEETS)
    assert any(0 < shares["written"] <= shares["digits"] for shares in measured.values())
