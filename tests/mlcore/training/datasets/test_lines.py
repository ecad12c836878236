from dataclasses import replace

import numpy as np
import pytest

from mlcore.reading.ink.extraction import find_ink, find_ink_with_print
from mlcore.reading.layout.regions import add_small_marks, all_ink_region
from mlcore.reading.layout.strip import STEP
from mlcore.reading.numbers.ctc import needed_steps
from mlcore.reading.result import SIGNS
from mlcore.training.datasets.lines import (
    StripDataset,
    Writers,
    drop_lost_signs,
    is_legible,
    join_strips,
    load_strips,
    render_strips,
    save_strips,
)
from mlcore.training.datasets.mnist import Digits
from mlcore.training.synthesis.handwriting import write_digit
from mlcore.training.synthesis.lines import Spacing, write_line
from mlcore.training.synthesis.sheets import SCREEN, render_sheet


@pytest.fixture(scope="module")
def writers():
    """Writers whose every digit is the same ring."""
    y, x = np.mgrid[-1:1:28j, -1:1:28j]
    image = (255 * (np.abs(np.hypot(x, y) - 0.6) < 0.12)).astype(np.uint8)
    return Writers(Digits(np.stack([image] * 10), np.arange(10, dtype=np.uint8)))


def test_a_dataset_has_a_text_for_each_strip(writers):
    strips = render_strips(12, 3, writers)
    assert len(strips) == 12 == len(strips.texts)
    assert all(strips.strip(i).shape == (32, width) for i, width in enumerate(strips.widths()))
    assert all(set(text) <= set("0123456789") | set(SIGNS) for text in strips.texts)
    assert any(text and not text.isdigit() for text in strips.texts)
    widths = strips.widths()
    assert all(needed_steps(text) <= 0.8 * width / STEP for text, width in zip(strips.texts, widths, strict=True))


def test_the_same_seed_gives_the_same_strips(writers):
    first, again, other = (render_strips(4, seed, writers) for seed in ([1, 2], [1, 2], [1, 3]))
    assert np.array_equal(first.pixels, again.pixels)
    assert first.texts != other.texts or first.pixels.shape != other.pixels.shape


def test_a_saved_dataset_loads_unchanged(writers, tmp_path):
    strips = render_strips(4, 3, writers)
    save_strips(tmp_path / "lines.npz", strips)
    loaded = load_strips(tmp_path / "lines.npz")
    assert loaded.texts == strips.texts
    assert np.array_equal(loaded.pixels, strips.pixels)
    assert np.array_equal(loaded.ends, strips.ends)


def test_datasets_are_joined_in_order():
    def dataset(value, *widths):
        pixels = np.full((32, sum(widths)), value, np.uint8)
        return StripDataset(pixels, np.cumsum(widths), tuple(str(width) for width in widths))

    both = join_strips([dataset(1, 20, 30), dataset(2, 40)])
    assert both.texts == ("20", "30", "40")
    assert both.strip(1).shape == (32, 30) and both.strip(1).max() == 1
    assert both.strip(2).shape == (32, 40) and both.strip(2).min() == 2


def test_a_sign_that_was_not_found_is_not_learnt():
    rng = np.random.default_rng(1)
    line = write_line("47.8", 40, Spacing(0.3, 0, 0, 0), write_digit, rng, marks=False)
    margins = (10, 10, 10, 10)
    sheet = render_sheet(line.ink, rng, replace(SCREEN, margins=margins))

    def found_on(pixels):
        ink = find_ink(pixels)
        (region,) = all_ink_region(ink.strength)
        strength = add_small_marks(region, find_ink_with_print(ink)).strength
        return drop_lost_signs(line, replace(ink, strength=strength), margins)

    assert found_on(sheet).written == "47.8"
    x, y, width, height = line.signs[0].box
    without, half = sheet.copy(), sheet.copy()
    without[10 + y : 10 + y + height, 10 + x : 10 + x + width] = 255
    assert found_on(without).written == "478"
    half[10 + y : 10 + y + round(0.7 * height), 10 + x : 10 + x + width] = 255
    assert found_on(half) is None


def test_a_line_with_a_digit_that_was_not_found_is_not_legible():
    rng = np.random.default_rng(1)
    line = write_line("478", 40, Spacing(0.3, 0, 0, 0), write_digit, rng, marks=False)
    margins = (10, 10, 10, 10)
    sheet = render_sheet(line.ink, rng, replace(SCREEN, margins=margins))
    assert is_legible(line, find_ink(sheet), margins)
    x, _, width, _ = line.boxes[1]
    sheet[:, 10 + x : 10 + x + width] = 255  # erases the middle digit
    assert not is_legible(line, find_ink(sheet), margins)
