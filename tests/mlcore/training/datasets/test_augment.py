from dataclasses import replace

import numpy as np
import pytest

from mlcore.training.datasets.augment import _CHANGES, DEFAULT_AUGMENTATION, augment
from mlcore.training.datasets.mnist import Digits

NO_AUGMENTATION = DEFAULT_AUGMENTATION.scaled(0)


def test_an_augmentation_of_zero_changes_nothing(digits: Digits) -> None:
    changed = augment(digits.images[:50], np.random.default_rng(0), NO_AUGMENTATION)
    assert np.abs(changed.astype(int) - digits.images[:50]).max() <= 1


def test_shape_and_type_are_kept(digits: Digits) -> None:
    changed = augment(digits.images[:50], np.random.default_rng(0))
    assert changed.shape == (50, 28, 28)
    assert changed.dtype == np.uint8


def test_each_image_is_changed_differently(digits: Digits) -> None:
    same = np.repeat(digits.images[:1], 30, axis=0)
    changed = augment(same, np.random.default_rng(0))
    assert len({image.tobytes() for image in changed}) == 30


def test_the_same_seed_gives_the_same_images(digits: Digits) -> None:
    many = np.resize(digits.images, (1200, 28, 28))
    a, b = (augment(many, np.random.default_rng(4)) for _ in range(2))
    assert np.array_equal(a, b)


def test_the_ink_stays_in_the_frame(digits: Digits) -> None:
    names = ("turn", "shift", "stretch")
    moved = replace(NO_AUGMENTATION, **{name: getattr(DEFAULT_AUGMENTATION, name) for name in names})
    changed = augment(digits.images[:200], np.random.default_rng(0), moved)
    before, after = (images.astype(float).sum(axis=(1, 2)) for images in (digits.images[:200], changed))
    assert np.all(after > 0.6 * before)


@pytest.mark.parametrize("change", [change for _, change in _CHANGES])
def test_every_change_leaves_the_digit_recognisable(change: object, digits: Digits) -> None:
    assert callable(change)
    rng = np.random.default_rng(0)
    for image in digits.images[:40]:
        changed = change(image, rng)
        assert changed.shape == (28, 28)
        assert changed.dtype == np.uint8
        correlation = np.corrcoef(changed.ravel(), image.ravel())[0, 1]
        assert correlation > 0.5
