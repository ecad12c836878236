import numpy as np
import pytest

from mlcore.explaining.explainer import Explainer
from mlcore.explaining.geometry import find_peak
from mlcore.reading.engine import Engine


@pytest.mark.parametrize("layer", ["conv1", "conv2", "conv4", "conv6"])
def test_the_shares_and_the_bias_add_up_to_the_activation(explainer, seven, layer):
    activations = explainer.activations(seven)
    position = [layer.name for layer in explainer.network.layers].index(layer)
    before = explainer.input_of(position, seven, activations)
    height, width, channels = explainer.network.layers[position].shape
    for channel in range(0, channels, 5):
        for cell in {find_peak(activations[layer][..., channel]), (0, 0), (height - 1, width - 1)}:
            sums = explainer.contributions(position, channel, cell, before)
            activation = activations[layer][(*cell, channel)]
            assert max(sums.total, 0) == pytest.approx(activation, abs=1e-4)


@pytest.mark.slow
def test_the_shares_add_up_without_padding_too(classic, seven):
    explainer = Explainer(Engine(classic))
    activations = explainer.activations(seven)
    sums = explainer.contributions(2, 5, (10, 10), explainer.input_of(2, seven, activations))
    assert len(sums.shares) == 32
    assert max(sums.total, 0) == pytest.approx(activations["conv2"][10, 10, 5], abs=1e-5)


def test_a_silent_channel_contributes_nothing(explainer, seven):
    before = explainer.input_of(1, seven, explainer.activations(seven)).copy()
    before[..., 3] = 0
    assert explainer.contributions(1, 0, (10, 10), before).shares[3] == 0


def test_contributions_are_ordered_by_absolute_value(explainer, seven):
    before = explainer.input_of(1, seven, explainer.activations(seven))
    sums = explainer.contributions(1, 0, (10, 10), before)
    sizes = np.abs(sums.shares[sums.largest_first()])
    assert (np.diff(sizes) <= 0).all()
    assert sizes[0] > 0
