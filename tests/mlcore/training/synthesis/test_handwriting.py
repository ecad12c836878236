import cv2
import numpy as np
import pytest

from mlcore.training.synthesis.handwriting import STYLES, write_digit
from mlcore.training.synthesis.strokes_unusual import UNUSUAL_STYLES, swept_nine

DIGITS = range(10)


@pytest.mark.parametrize("digit", DIGITS)
def test_ink_has_soft_edges_and_a_margin(digit: int) -> None:
    ink = write_digit(digit, np.random.default_rng(3))
    assert ink.dtype == np.float32
    assert ink.min() == 0
    assert 0.9 < ink.max() <= 1
    assert ((ink > 0.05) & (ink < 0.95)).any()
    assert not ink[0].any() or ink[0].max() < 0.5  # a margin remains


@pytest.mark.parametrize("digit", DIGITS)
def test_the_ink_depends_on_the_seed(digit: int) -> None:
    one, same, other = (write_digit(digit, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert np.array_equal(one, same)
    assert one.shape != other.shape or not np.array_equal(one, other)


@pytest.mark.parametrize("digit", DIGITS)
def test_every_style_has_the_proportions_of_a_digit(digit: int) -> None:
    for _, style in STYLES[digit]:
        for seed in range(20):
            points = np.array([p[:2] for stroke in style(np.random.default_rng(seed)) for p in stroke])
            height = np.ptp(points[:, 1])
            assert 0.8 < height < 1.5
            assert np.ptp(points[:, 0]) < 1.8


def test_every_digit_with_an_unusual_style_uses_it() -> None:
    assert [len(styles) for styles in UNUSUAL_STYLES].count(0) == 1  # the 6
    assert all(set(unusual) <= set(STYLES[digit]) for digit, unusual in enumerate(UNUSUAL_STYLES))


def test_a_swept_9_has_a_small_ring() -> None:
    for seed in range(50):
        points = swept_nine(np.random.default_rng(seed))[0]
        ring = [y for _, y, _ in points[:8]]
        assert max(ring) - min(ring) < 0.45


def count_holes(ink: np.ndarray) -> int:
    """Count the areas of paper that ink encloses, without specks."""
    paper = np.pad((ink < 0.4).astype(np.uint8), 1, constant_values=1)
    _, _, stats, _ = cv2.connectedComponentsWithStats(paper, connectivity=4)
    return int((stats[1:, cv2.CC_STAT_AREA] > 8).sum()) - 1


def share_with_holes(digit: int, wanted: int) -> float:
    rng = np.random.default_rng(0)
    return float(np.mean([count_holes(write_digit(digit, rng, height=64)) >= wanted for _ in range(60)]))


def test_eights_mostly_have_two_holes_and_ones_none() -> None:
    assert share_with_holes(8, 2) > 0.4
    assert share_with_holes(1, 1) < 0.2
    assert share_with_holes(7, 1) < 0.2


def test_hands_differ_in_pen_and_proportion() -> None:
    rng = np.random.default_rng(1)
    inks = [write_digit(5, rng, height=64) for _ in range(60)]
    ratios = [ink.shape[1] / ink.shape[0] for ink in inks]
    cover = [float(ink.mean()) for ink in inks]
    assert max(ratios) > 1.5 * min(ratios)
    assert max(cover) > 3 * min(cover)


def test_a_one_with_a_flag_leans_less_flat_than_a_seven() -> None:
    """The flag descends at least half as far as it reaches; a flatter one would make it a 7."""
    flagged = STYLES[1][1][1]
    for seed in range(200):
        (x, y, _), *_ = flagged(np.random.default_rng(seed))[0]
        assert y >= 0.55 * -x
