import numpy as np
import pytest

from mlcore.explaining.explainer import Explainer
from mlcore.reading.engine import Engine


def test_the_class_map_summed_over_its_places_is_the_logit(explainer, seven):
    (logits,) = explainer.engine.logits(seven[np.newaxis])
    averaged = explainer.activations(seven)[explainer.network.averaged]
    for digit in range(10):
        places = explainer.class_map(averaged, digit)
        assert places.shape == averaged.shape[:2]
        assert float(places.sum()) == pytest.approx(float(logits[digit]), abs=1e-4)


def test_an_explanation_has_a_class_map_for_both_answers(explainer, seven):
    explanation = explainer.explain(seven, [0, 0.3, 0, 0, 0, 0, 0, 0.7, 0, 0], 1.0)
    assert explanation.answers == (7, 1)
    for digit, places in zip(explanation.answers, explanation.maps["cam"], strict=True):
        assert float(places.sum()) == pytest.approx(float(explanation.logits[digit]), abs=1e-4)


@pytest.mark.slow
def test_a_network_without_global_pooling_has_no_class_map(classic, seven):
    explainer = Explainer(Engine(classic))
    assert set(explainer.explain(seven, [0.1] * 10, 1.0).maps) == {"occlusion"}
