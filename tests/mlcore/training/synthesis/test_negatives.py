from dataclasses import replace

import numpy as np
import pytest

from mlcore.reading.result import SIGNS as NUMBER_SIGNS
from mlcore.training.synthesis import negatives
from mlcore.training.synthesis.alphabet import LETTERS, SIGNS
from mlcore.training.synthesis.pen import draw_strokes, random_hand

LOOK_LIKE_DIGITS = set("OISZBGQDoilszbgqd")


def ring(digit, rng):
    y, x = np.mgrid[-1:1:28j, -1:1:28j]
    return (np.abs(np.hypot(x, y) - 0.7) < 0.15).astype(np.float32)


def test_no_letter_looks_like_a_digit():
    assert not LOOK_LIKE_DIGITS & set(LETTERS)


def test_the_lower_case_letters_unlike_digits_are_negatives():
    assert set("acehjkmnprtuvwxy") <= set(LETTERS)


@pytest.mark.parametrize("letter", LETTERS)
def test_every_letter_has_ink_and_a_blank_margin(letter):
    ink = negatives.write_letter(letter, np.random.default_rng(1))
    assert ink.dtype == np.float32
    assert 0 <= ink.min() < ink.max() <= 1
    assert ink[0].max() == ink[-1].max() == ink[:, 0].max() == ink[:, -1].max() == 0


@pytest.mark.parametrize("sign", SIGNS)
def test_every_sign_can_be_written(sign):
    assert negatives.write_sign(sign, np.random.default_rng(1)).max() > 0.9


def test_signs_that_look_like_a_1_alone_are_no_negatives():
    assert set(negatives.UNLIKE_DIGITS) == set(NUMBER_SIGNS) - set("/,.'")


def test_the_ink_depends_on_the_seed():
    first, again, other = (negatives.write_negative(np.random.default_rng(s), ring) for s in (7, 7, 8))
    assert np.array_equal(first, again)
    assert first.shape != other.shape or not np.array_equal(first, other)


def test_a_negative_is_never_empty():
    rng = np.random.default_rng(0)
    for _ in range(200):
        ink = negatives.write_negative(rng, ring)
        assert ink.ndim == 2
        assert ink.max() > 0.2


def test_a_block_is_too_wide_to_be_a_1():
    for seed in range(200):
        rows, columns = np.nonzero(negatives.draw_block(np.random.default_rng(seed)) > 0.1)
        assert np.ptp(columns) > 0.45 * np.ptp(rows)


def test_fragments_leave_much_of_their_box_empty():
    shares = []
    for seed in range(200):
        ink = negatives.draw_fragments(np.random.default_rng(seed))
        rows, columns = np.nonzero(ink)
        shares.append(ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].mean() if len(rows) else 0)
    assert np.median(shares) < 0.5


def test_a_cut_digit_keeps_the_side_asked_for():
    left = negatives.cut_side(ring(0, None), 0.5, keep_left=True)
    right = negatives.cut_side(ring(0, None), 0.5, keep_left=False)
    assert left[:, :13].any() and not left[:, 15:].any()
    assert right[:, 15:].any() and not right[:, :13].any()


def test_joined_digits_are_wider_than_one():
    joined = negatives.join_digits([ring(0, None), ring(0, None)], np.random.default_rng(0))
    assert joined.shape[1] > 1.6 * joined.shape[0]


def test_a_thicker_pen_leaves_more_ink():
    def ink(pen):
        hand = random_hand(np.random.default_rng(3), height=50)
        return draw_strokes("0,0 0,1", replace(hand, pen=pen), np.random.default_rng(3)).sum()

    assert ink(0.2) > 3 * ink(0.05)


def test_the_pen_turns_sharply_only_at_marked_points():
    hand = random_hand(np.random.default_rng(3), height=60)
    still = replace(hand, slant=0, turn=0, swell=0, wobble=0, width=1, pen=0.03)
    sharp = draw_strokes("0,0 .5,1! 1,0", still, np.random.default_rng(0))
    round_ = draw_strokes("0,0 .5,1 1,0", still, np.random.default_rng(0))
    assert round_[30].nonzero()[0][0] < sharp[30].nonzero()[0][0]
