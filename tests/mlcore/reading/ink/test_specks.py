import cv2
import numpy as np

from mlcore.reading.ink.specks import MAX_COMPARED_PIECES, remove_specks


def test_only_the_largest_of_many_dots_are_compared() -> None:
    """Comparing all 40,000 dots would take 19 GB."""
    dots = np.zeros((400, 400), np.float32)
    dots[1::2, 1::2] = 1
    _, pieces = remove_specks(dots)
    assert pieces == MAX_COMPARED_PIECES


def test_writing_among_many_specks_is_kept() -> None:
    page = np.zeros((400, 400), np.float32)
    page[1::4, 1::4] = 1
    cv2.ellipse(page, (200, 200), (60, 100), 0, 0, 360, 1.0, 8)
    clean, pieces = remove_specks(page)
    assert pieces == 1
    assert clean[100, 200] == 1
    assert not clean[:90].any()
