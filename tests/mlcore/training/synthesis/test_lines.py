from itertools import pairwise

import cv2
import numpy as np
import pytest

from mlcore.training.synthesis.handwriting import write_digit
from mlcore.training.synthesis.lines import (
    Spacing,
    TextLine,
    cut_short,
    random_spacing,
    write_line,
    write_no_number,
)

WIDE = Spacing(gap=0.6, gap_spread=0.0, rise=0.0, sizes=0.0)


def line(text="1945", spacing=WIDE, seed=0, **options):
    return write_line(text, 40, spacing, write_digit, np.random.default_rng(seed), **options)


def test_every_digit_has_a_box_from_left_to_right():
    written = line()
    assert written.text == "1945"
    lefts = [x for x, _, _, _ in written.boxes]
    assert len(lefts) == 4
    assert lefts == sorted(lefts)


def test_all_ink_lies_in_the_boxes():
    written = line(marks=False)
    outside = written.ink.copy()
    for x, y, width, height in written.boxes:
        assert outside[max(0, y) : y + height, max(0, x) : x + width].max() > 0.9
        outside[max(0, y) : y + height, max(0, x) : x + width] = 0
    assert outside.max() < 0.3


def test_a_negative_gap_makes_neighbours_overlap():
    written = line(spacing=Spacing(-0.15, 0.0, 0.0, 0.0), marks=False)
    assert all(a[0] + a[2] > b[0] for a, b in zip(written.boxes[:-1], written.boxes[1:], strict=True))


def test_heights_follow_the_height_asked_for():
    assert all(height == 40 for _, _, _, height in line(marks=False).boxes)


def test_ink_strength_is_between_0_and_1():
    for seed in range(40):
        ink = line(spacing=random_spacing(np.random.default_rng(seed)), seed=seed).ink
        assert ink.dtype == np.float32
        assert 0 <= ink.min() < ink.max() <= 1


def test_a_line_without_a_number_has_ink_and_no_text():
    for seed in range(20):
        written = write_no_number(40, np.random.default_rng(seed))
        assert written.text == ""
        assert written.boxes == ()
        assert written.ink.max() > 0.3


@pytest.mark.parametrize("seed", range(3))
def test_the_same_seed_writes_the_same_line(seed):
    assert np.array_equal(line(seed=seed).ink, line(seed=seed).ink)


def test_a_line_cut_short_loses_a_little_at_its_edges():
    whole = line("478", marks=False)
    for seed in range(20):
        cut = cut_short(whole, np.random.default_rng(seed))
        for full, remaining in zip(whole.ink.shape, cut.ink.shape, strict=True):
            assert full - 2 * 0.16 * whole.height <= remaining <= full
        for x, y, width, height in cut.boxes:
            crop = cut.ink[y : y + height, x : x + width]
            assert crop.shape == (height, width)
            assert crop.max() > 0.9
    assert cut_short(whole, np.random.default_rng(0)).text == "478"


def test_every_sign_has_a_box_between_its_neighbours():
    written = line("-12.5%")
    assert (written.text, written.written) == ("125", "-12.5%")
    minus, point, percent = written.signs
    assert [sign.before_glyph for sign in written.signs] == [0, 2, 3]
    first, second, third = written.boxes
    assert minus.box[0] + minus.box[2] <= first[0] + 4
    assert second[0] + second[2] - 4 <= point.box[0] < third[0]
    assert third[0] + third[2] - 4 <= percent.box[0]
    for x, y, width, height in (sign.box for sign in written.signs):
        assert written.ink[y : y + height, x : x + width].max() > 0.9


def test_a_space_is_a_gap_and_no_sign():
    spaced = line("12 34", marks=False)
    assert (spaced.text, spaced.written, spaced.signs) == ("1234", "1234", ())
    gaps = [right[0] - left[0] - left[2] for left, right in pairwise(spaced.boxes)]
    assert gaps[1] > max(gaps[0], gaps[2]) + 10


def test_points_and_commas_stand_low_and_apostrophes_high():
    for seed in range(10):
        for sign, is_low in ((",", True), ("'", False)):
            written = line(f"8{sign}8", seed=seed, marks=False)
            (_, y, _, height), (_, top, _, tall) = written.signs[0].box, written.boxes[0]
            assert (y + height / 2 > top + tall / 2) == is_low


def test_a_sign_cut_off_at_the_edge_is_no_longer_written():
    whole = line("-478", marks=False)
    cuts = [cut_short(whole, np.random.default_rng(seed)) for seed in range(200)]
    for cut in cuts:
        assert cut.written in ("-478", "478")
        for x, y, width, height in (sign.box for sign in cut.signs):
            assert cut.ink[y : y + height, x : x + width].max() > 0.9
    assert any(cut.ink.shape != whole.ink.shape for cut in cuts)


def test_some_hands_join_a_1_to_the_0_that_follows():
    def pieces(seed):
        ink = line("10", seed=seed).ink
        return cv2.connectedComponents((ink > 0.3).astype(np.uint8))[0] - 1

    assert 2 < sum(pieces(seed) == 1 for seed in range(80)) < 40


def test_a_narrow_1_cut_short_on_both_sides_keeps_its_stem():
    stem = TextLine(np.ones((60, 7), np.float32), "1", ((0, 0, 7, 60),), 60)
    assert all(cut_short(stem, np.random.default_rng(seed)).ink.shape[1] >= 4 for seed in range(60))


def test_some_hands_write_small_zeros_some_of_them_at_the_foot_of_the_line():
    rows = [line("5000", seed=seed, marks=False).boxes for seed in range(60)]
    small = [row for row in rows if row[1][3] < 0.9 * row[0][3]]
    assert 8 < len(small) < 30
    assert all(first[3] == 40 and len({height for _, _, _, height in others}) == 1 for first, *others in small)
    low = [row for row in small if abs(row[1][1] + row[1][3] - row[0][1] - row[0][3]) <= 2]  # compares the lower edges
    assert 0 < len(low) < len(small)


def test_some_hands_join_their_zeros():
    def pieces(seed):
        ink = line("7000", seed=seed, marks=False).ink
        return cv2.connectedComponents((ink > 0.3).astype(np.uint8))[0] - 1

    assert 2 in {pieces(seed) for seed in range(80)}
