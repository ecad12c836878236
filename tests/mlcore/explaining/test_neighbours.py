"""Neighbours compared with brute force over all examples."""

import numpy as np
import pytest

from mlcore.explaining.explainer import Explainer
from mlcore.explaining.neighbours import embed, find_neighbours
from mlcore.reading.engine import Engine


def brute_force(vector, examples, count):
    """Return the places of the most alike examples by plain loops in double precision, the first of equals first."""
    similarities = []
    for index, example in enumerate(examples.astype(np.float64)):
        lengths = np.sqrt((example**2).sum()) * np.sqrt((vector.astype(np.float64) ** 2).sum())
        similarities.append((-float((example * vector).sum() / lengths), index))
    return [index for _similarity, index in sorted(similarities)[:count]]


@pytest.mark.parametrize("count", [1, 8, 50, 500])
def test_neighbours_equal_brute_force(rng, count):
    examples = rng.normal(size=(200, 80)).astype(np.float32)
    examples /= np.linalg.norm(examples, axis=1, keepdims=True)
    vector = examples[7] + 0.1 * rng.normal(size=80).astype(np.float32)
    vector /= np.linalg.norm(vector)
    found = find_neighbours(vector, examples, count)
    assert [each.index for each in found] == brute_force(vector, examples, count)
    assert found[0].index == 7


def test_of_equal_examples_the_first_ones_are_found(rng):
    vector = np.eye(4, dtype=np.float32)[0]
    examples = np.tile(vector, (20, 1))
    assert [each.index for each in find_neighbours(vector, examples, 5)] == [0, 1, 2, 3, 4]
    assert find_neighbours(vector, examples[:0], 5) == []


def test_the_embedding_is_what_the_last_layer_weighs(explainer, seven):
    (vector,) = embed(explainer, seven[np.newaxis])
    average = explainer.outputs(seven)["average"].reshape(-1)
    np.testing.assert_allclose(vector, average / np.linalg.norm(average), atol=1e-6)


def test_many_images_are_embedded_as_one_by_one(explainer, rng):
    images = rng.integers(0, 256, (70, 28, 28)).astype(np.uint8)
    together = embed(explainer, images)
    assert together.shape == (70, 80)
    np.testing.assert_allclose(together[65], embed(explainer, images[65:66])[0], atol=1e-6)
    assert embed(explainer, images[:0]).shape == (0, 80)


@pytest.mark.slow
def test_classic_is_embedded_by_its_hidden_layer(classic, seven):
    explainer = Explainer(Engine(classic))
    (vector,) = embed(explainer, seven[np.newaxis])
    hidden = explainer.outputs(seven)["dense"].reshape(-1)
    np.testing.assert_allclose(vector, hidden / np.linalg.norm(hidden), atol=1e-5)
