"""Pictures in which there is no digit: rejected in every mode, and never a confident digit."""

import numpy as np
import pytest

from mlcore.reading.reader import Reader
from mlcore.training.evaluation.refusals import KINDS, measure_refusals, to_picture

PICTURES = 12  # of a kind
MOST = {"a scribble": 9, "a photograph of a thing": 9}  # at least so many are rejected; of the others all


@pytest.mark.parametrize("mode", ["digit", "number", "auto"])
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_rejected(reader: Reader, kind: str, mode: str) -> None:
    pictures = [to_picture(KINDS[kind](np.random.default_rng(100 + seed))) for seed in range(PICTURES)]
    readings = [reader.read_picture(picture, mode) for picture in pictures]
    decisions = [reading.decision for reading in readings]
    assert "read" not in decisions
    assert decisions.count("rejected") >= MOST.get(kind, PICTURES), decisions
    assert all(reading.text == "" for reading in readings if reading.decision == "rejected")


def test_a_printed_page_is_rejected_as_one_digit(reader: Reader) -> None:
    """The number mode is left out: its answer may be the rejected number."""
    page = to_picture(KINDS["a page of print"](np.random.default_rng(2)))
    assert len(reader.read_picture(page, "auto").glyphs) <= 1 < len(reader.read_picture(page, "number").glyphs)


def test_the_shares_are_counted_over_both_modes(reader: Reader) -> None:
    found = measure_refusals(reader, count=1)
    assert set(found) == set(KINDS)
    assert found["black"] == {"rejected": 1.0, "sure": 0.0}
