from itertools import islice

import numpy as np
import pytest

from mlcore.artifact import SHIPPED, load_artifact
from mlcore.reading.engine import NOT_A_DIGIT, Engine
from mlcore.training.datasets.cut_digits import cut_digits
from mlcore.training.datasets.lines import Writers
from mlcore.training.synthesis.handwriting import write_digit


class Generator(Writers):
    """Writes what the generator draws, without MNIST."""

    def __init__(self):
        pass

    def any_writer(self, rng):
        return write_digit


def cut(seed, count):
    made = list(islice(cut_digits(np.random.default_rng(seed), Generator()), count))
    return np.stack([image for image, _ in made]), np.array([label for _, label in made])


@pytest.fixture(scope="module")
def digits():
    return cut(seed=4, count=300)


def test_each_digit_keeps_its_own_label(digits):
    images, labels = digits
    digits = labels < NOT_A_DIGIT
    seen = Engine(load_artifact(SHIPPED)).classify(images[digits]).probabilities.argmax(axis=1)
    assert (seen == labels[digits]).mean() > 0.85  # some were cut badly, some are hardly to be read


def test_signs_and_letters_are_no_digits(digits):
    images, labels = digits
    strangers = images[labels == NOT_A_DIGIT]
    is_digit = Engine(load_artifact(SHIPPED)).classify(strangers).is_digit
    assert len(strangers) > 5
    assert (is_digit < 0.5).mean() > 0.6  # taught by hand-drawn ones alone, it knows most of them


def test_each_lies_in_the_frame_as_the_reader_puts_it(digits):
    images, labels = digits
    assert images.shape == (300, 28, 28) and images.dtype == np.uint8
    assert (images.max(axis=(1, 2)) > 60).all()
    assert set(range(10)) <= set(labels)


def test_the_same_seed_cuts_the_same():
    (first, labels), (again, same), (other, _) = cut(1, 10), cut(1, 10), cut(2, 10)
    assert np.array_equal(first, again) and np.array_equal(labels, same)
    assert not np.array_equal(first, other)
