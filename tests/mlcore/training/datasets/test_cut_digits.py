from itertools import islice

import numpy as np
import pytest

from mlcore.artifact import SHIPPED, load_artifact
from mlcore.reading.engine import NOT_A_DIGIT, Engine
from mlcore.training.datasets.cut_digits import cut_digits
from mlcore.training.datasets.lines import Writers
from mlcore.training.synthesis.handwriting import write_digit


class SyntheticWriters(Writers):
    """Writers who use no MNIST digits."""

    def __init__(self):
        pass

    def random_writer(self, rng):
        return write_digit


def cut(seed, count):
    cut_images = list(islice(cut_digits(np.random.default_rng(seed), SyntheticWriters()), count))
    return np.stack([image for image, _ in cut_images]), np.array([label for _, label in cut_images])


@pytest.fixture(scope="module")
def digits():
    return cut(seed=4, count=300)


def test_each_digit_keeps_its_own_label(digits):
    images, labels = digits
    is_digit = labels < NOT_A_DIGIT
    answers = Engine(load_artifact(SHIPPED)).classify(images[is_digit]).probabilities.argmax(axis=1)
    assert (answers == labels[is_digit]).mean() > 0.85  # some are badly cut, some hardly legible


def test_signs_and_letters_are_negatives(digits):
    images, labels = digits
    negatives = images[labels == NOT_A_DIGIT]
    is_digit = Engine(load_artifact(SHIPPED)).classify(negatives).is_digit
    assert len(negatives) > 5
    assert (is_digit < 0.5).mean() > 0.6  # it was trained on other negatives and knows most of these


def test_every_image_is_a_frame_of_the_reader(digits):
    images, labels = digits
    assert images.shape == (300, 28, 28) and images.dtype == np.uint8
    assert (images.max(axis=(1, 2)) > 60).all()
    assert set(range(10)) <= set(labels)


def test_the_same_seed_gives_the_same_images():
    (first, labels), (again, same), (other, _) = cut(1, 10), cut(1, 10), cut(2, 10)
    assert np.array_equal(first, again) and np.array_equal(labels, same)
    assert not np.array_equal(first, other)
