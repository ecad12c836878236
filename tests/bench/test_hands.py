"""Tests of the simulated writers: what they write is new, fixed and partly in a style of their own."""

import numpy as np

from bench.hands import ODD_SHARE, STYLES, simulate_writers
from mlcore.training.synthesis.handwriting import STYLES as GENERATED


def test_writers_take_the_styles_in_turn_with_measures_of_their_own():
    writers = simulate_writers(10)
    assert [writer.odd for writer in writers] == [*STYLES, *STYLES]
    assert len({writer.style.args for writer in writers}) == 10


def test_a_writer_writes_the_same_in_the_same_round_and_other_digits_in_another():
    writer = simulate_writers(1)[0]
    first, again, other = (writer.write(12, round_number) for round_number in (1, 1, 2))
    assert first.digest == again.digest != other.digest
    assert first.images.shape == (12, 28, 28)


def test_more_than_a_third_are_the_digit_in_the_own_style():
    digits = simulate_writers(3)[2].write(60, 1)
    assert np.mean(digits.labels == 4) > ODD_SHARE


def test_no_style_of_the_writers_is_one_of_the_generator():
    generated = {style.__name__ for styles in GENERATED for _, style in styles}
    assert not generated & {style.__name__ for style in STYLES.values()}
