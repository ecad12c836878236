import numpy as np
import pytest

from mlcore.reading.ink import find_ink
from mlcore.training.datasets.lines import Pool, Writers, is_legible, joined_pools, load_pool, render_pool, save_pool
from mlcore.training.datasets.mnist import Digits
from mlcore.training.synthesis.handwriting import write_digit
from mlcore.training.synthesis.lines import Spacing, write_line
from mlcore.training.synthesis.sheets import SCREEN, on_paper


@pytest.fixture(scope="module")
def writers():
    """Ten crosses and rings stand in for MNIST."""
    y, x = np.mgrid[-1:1:28j, -1:1:28j]
    image = (255 * (np.abs(np.hypot(x, y) - 0.6) < 0.12)).astype(np.uint8)
    return Writers(Digits(np.stack([image] * 10), np.arange(10, dtype=np.uint8)))


def test_a_pool_is_strips_with_their_texts(writers):
    pool = render_pool(12, 3, writers)
    assert len(pool) == 12 == len(pool.texts)
    assert all(pool.strip(i).shape == (32, width) for i, width in enumerate(pool.widths()))
    assert all(text == "" or text.isdigit() for text in pool.texts)


def test_the_same_seed_renders_the_same(writers):
    first, again, other = (render_pool(4, seed, writers) for seed in ([1, 2], [1, 2], [1, 3]))
    assert np.array_equal(first.pixels, again.pixels)
    assert first.texts != other.texts or first.pixels.shape != other.pixels.shape


def test_a_pool_that_was_kept_is_the_same(writers, tmp_path):
    pool = render_pool(4, 3, writers)
    save_pool(tmp_path / "lines.npz", pool)
    kept = load_pool(tmp_path / "lines.npz")
    assert kept.texts == pool.texts
    assert np.array_equal(kept.pixels, pool.pixels)
    assert np.array_equal(kept.ends, pool.ends)


def test_pools_are_joined_in_order():
    def pool(value, *widths):
        return Pool(np.full((32, sum(widths)), value, np.uint8), np.cumsum(widths), tuple(str(w) for w in widths))

    both = joined_pools([pool(1, 20, 30), pool(2, 40)])
    assert both.texts == ("20", "30", "40")
    assert both.strip(1).shape == (32, 30) and both.strip(1).max() == 1
    assert both.strip(2).shape == (32, 40) and both.strip(2).min() == 2


def test_what_was_not_found_is_not_taught():
    rng = np.random.default_rng(1)
    line = write_line("478", 40, Spacing(0.3, 0, 0, 0), write_digit, rng, marks=False)
    margins = (10, 10, 10, 10)
    sheet = on_paper(line.ink, rng, SCREEN.__class__(**{**vars(SCREEN), "margins": margins}))
    assert is_legible(line, find_ink(sheet), margins)
    x, _, width, _ = line.boxes[1]
    sheet[:, 10 + x : 10 + x + width] = 255  # the middle digit is gone
    assert not is_legible(line, find_ink(sheet), margins)
