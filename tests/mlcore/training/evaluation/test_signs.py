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
def test_a_reader_without_signs_reads_none_of_the_written_forms_but_some_of_their_digits(digits: Digits):
    measured = measure_signs(load_artifact(SHIPPED), digits, count=6)
    assert set(measured) == set(SHEETS)
    assert all(shares["written"] == 0 for shares in measured.values())
    assert any(shares["digits"] > 0 for shares in measured.values())
