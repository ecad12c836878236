"""The search for printed lines looks only where ink is, and finds the same as in the whole picture."""

import cv2
import numpy as np
import pytest

from mlcore.reading.arrays import Mask
from mlcore.reading.ink import rulings


def draw_lines(seed: int) -> Mask:
    """Return strokes and straight lines of all lengths, some along the edges of their common box."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((200, 240), np.uint8)
    top, left = rng.integers(20, 60, 2).tolist()
    right = left + int(rng.integers(12, 150))
    for y in rng.integers(top, top + 90, 4).tolist():
        cv2.line(mask, (left, y), (right - int(rng.integers(0, 2)) * 30, y + int(rng.integers(-2, 3))), 1, 2)
    cv2.ellipse(mask, ((left + right) // 2, top + 40), (14, 25), 20, 0, 360, 1, 5)
    return mask


@pytest.mark.parametrize("seed", range(60))
def test_what_lies_outside_of_the_ink_changes_nothing(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    mask = draw_lines(seed)
    found = rulings.search_direction(mask, 14)
    monkeypatch.setattr(rulings, "inked_area", lambda mask: (slice(None), slice(None)))
    whole = rulings.search_direction(mask, 14)
    assert found.rulings == whole.rulings
    assert not found.rulings or np.array_equal(found.labels, whole.labels)


def test_digits_that_begin_below_each_other_are_no_ruling() -> None:
    """The strokes are thick, so their pixels outnumber the rows of the column, although a third of these are bare."""
    mask = np.zeros((214, 120), np.uint8)
    for top in range(4, 200, 16):
        mask[top : top + 10, 2:7] = 1
    cv2.ellipse(mask, (70, 107), (25, 40), 0, 0, 360, 1, 9)
    assert not rulings.find_rulings(mask).any()
