import numpy as np
import pytest

from mlcore.training.datasets.augment import _CHANGES, GENTLE, Amounts, augment
from mlcore.training.datasets.mnist import Digits

NOTHING = GENTLE.scaled(0)


def test_nothing_changes_nothing(digits: Digits) -> None:
    changed = augment(digits.images[:50], np.random.default_rng(0), NOTHING)
    assert np.abs(changed.astype(int) - digits.images[:50]).max() <= 1


def test_shape_and_type_stay(digits: Digits) -> None:
    changed = augment(digits.images[:50], np.random.default_rng(0))
    assert changed.shape == (50, 28, 28)
    assert changed.dtype == np.uint8


def test_it_changes_each_image_its_own_way(digits: Digits) -> None:
    same = np.repeat(digits.images[:1], 30, axis=0)
    changed = augment(same, np.random.default_rng(0))
    assert len({image.tobytes() for image in changed}) == 30


def test_it_is_repeatable(digits: Digits) -> None:
    many = np.resize(digits.images, (1200, 28, 28))
    a, b = (augment(many, np.random.default_rng(4)) for _ in range(2))
    assert np.array_equal(a, b)


def test_the_ink_stays_in_the_frame(digits: Digits) -> None:
    """A digit is strayed from its place, not thrown out of it."""
    moved = Amounts(**(vars(NOTHING) | {"turn": GENTLE.turn, "shift": GENTLE.shift, "stretch": GENTLE.stretch}))
    changed = augment(digits.images[:200], np.random.default_rng(0), moved)
    before, after = (images.astype(float).sum(axis=(1, 2)) for images in (digits.images[:200], changed))
    assert np.all(after > 0.6 * before)


@pytest.mark.parametrize("change", [change for _, change in _CHANGES])
def test_every_change_leaves_a_digit_to_be_read(change: object, digits: Digits) -> None:
    assert callable(change)
    rng = np.random.default_rng(0)
    for image in digits.images[:40]:
        changed = change(image, rng)
        assert changed.shape == (28, 28)
        assert changed.dtype == np.uint8
        alike = np.corrcoef(changed.ravel(), image.ravel())[0, 1]
        assert alike > 0.5
