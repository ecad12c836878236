"""A repair really changes the answer, with little ink, and leaves the rest of the digit as it was."""

import numpy as np
import pytest

from mlcore.artifact import SHIPPED, load_artifact
from mlcore.explaining.repair import Dab, changed_cells, find_repair, ink_between
from mlcore.reading.reader import Reader
from tests.pictures import digit_png


@pytest.fixture(scope="module")
def inputs():
    reader = Reader(load_artifact(SHIPPED))
    return {digit: reader.read(digit_png(digit, seed=3), "digit").glyphs[0].input for digit in (1, 4, 7, 9)}


@pytest.mark.parametrize(("digit", "wanted"), [(7, 1), (1, 7), (4, 9), (7, 9), (9, 4)])
def test_the_repaired_digit_is_read_as_the_wanted_one(explainer, inputs, digit, wanted):
    image = inputs[digit]
    repair = explainer.repair(image, wanted)
    scores = explainer.engine.classify(repair.image[np.newaxis])
    assert scores.probabilities[0].argmax() == wanted
    assert scores.is_digit[0] > 0.5
    assert (repair.added, repair.removed) == ink_between(image, repair.image)
    assert repair.added + repair.removed < ink_of(image) / 2
    assert (repair.image == image).mean() > 0.7


def test_a_digit_that_is_right_already_stays_as_it_is(explainer, inputs):
    repair = explainer.repair(inputs[7], 7)
    assert (repair.image == inputs[7]).all()
    assert (repair.added, repair.removed) == (0, 0)


def test_less_of_the_change_does_not_suffice(explainer, inputs):
    """The change is the faintest of its kind: a clearly fainter one is still read as the first digit."""
    image, repair = inputs[7], explainer.repair(inputs[7], 1)
    fainter = np.rint(image + 0.5 * (repair.image.astype(float) - image)).astype(np.uint8)
    assert explainer.engine.classify(fainter[np.newaxis]).probabilities[0].argmax() == 7


def test_a_search_without_a_result_ends():
    def never(images):
        return np.tile(np.array([5.0] + [0.0] * 10, np.float32), (len(images), 1))

    image = np.zeros((28, 28), np.uint8)
    assert find_repair(image, 3, never, lambda changed, weights: np.ones((28, 28))) is None


def test_dabs_draw_and_erase():
    blank, full = np.zeros((28, 28)), np.ones((28, 28))
    assert Dab(5, 6, is_ink=True).apply_to(blank)[5, 6] == 1
    assert Dab(5, 6, is_ink=False).apply_to(full)[5, 6] == 0
    assert Dab(5, 6, is_ink=True).apply_to(full).sum() == full.sum()


def test_changed_cells_are_those_that_a_person_sees():
    before, after = np.full((28, 28), 100, np.uint8), np.full((28, 28), 100, np.uint8)
    after[3, 4], after[5, 6] = 200, 0
    after[3, 5], after[5, 7] = 110, 90  # too faint beside the others
    added, removed = changed_cells(before, after)
    assert np.argwhere(added).tolist() == [[3, 4]]
    assert np.argwhere(removed).tolist() == [[5, 6]]
    assert not np.any(changed_cells(before, before))


def ink_of(image):
    return image.sum() / 255
