import numpy as np
import pytest

from mlcore.reading.result import SIGNS
from mlcore.training.synthesis.pen import random_hand
from mlcore.training.synthesis.signs import draw_sign


def draw(sign, seed):
    rng = np.random.default_rng(seed)
    return draw_sign(sign, random_hand(rng, 50.0), rng)


@pytest.mark.parametrize("sign", SIGNS)
def test_every_sign_has_ink_near_its_line(sign):
    for seed in range(20):
        drawn = draw(sign, seed)
        assert drawn.ink.dtype == np.float32
        assert 0 <= drawn.ink.min() < 0.9 < drawn.ink.max() <= 1
        assert abs(drawn.offset) < 0.7


@pytest.mark.parametrize(("sign", "least", "most"), [(".", 2, 22), (",", 5, 34), ("-", 2, 26), ("/", 40, 100)])
def test_signs_have_their_heights_beside_digits_of_50_pixels(sign, least, most):
    heights = []
    for seed in range(40):
        rows = np.flatnonzero(draw(sign, seed).ink.max(axis=1) > 0.5)
        heights.append(rows[-1] + 1 - rows[0])
    assert least <= min(heights) and max(heights) <= most


def test_a_colon_has_two_dots():
    for seed in range(20):
        rows = draw(":", seed).ink.max(axis=1) > 0.3
        assert (np.diff(rows.astype(int)) == 1).sum() + rows[0] == 2
