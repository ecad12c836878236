"""Doubt about labels: how unlikely the network and the nearest training digits find what a person said."""

import numpy as np
from numpy.typing import NDArray

from mlcore.explaining.explainer import Explainer
from mlcore.explaining.neighbours import Vectors, embed, share_labels
from mlcore.reading.engine import NOT_A_DIGIT

NEIGHBOURS = 15
DOUBTFUL_FROM = 0.9  # a label with this doubt deserves a second look


def measure_doubt(
    explainer: Explainer,
    images: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    examples: tuple[Vectors, NDArray[np.uint8]] | None,
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return what the network says of each image, (N,), and how doubtful its label is, (N,) 0..1.

    The doubt is what is missing to certainty in the mean of two values: the probability of the label, and the share of
    the nearest examples that have it. The examples are embedded training digits with their labels; without them the
    probability alone counts.
    """
    logits = explainer.engine.logits(images).astype(np.float64)
    chances = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))  # (N, 11)
    support = chances[np.arange(len(labels)), labels]
    if examples is not None:
        shares = share_labels(embed(explainer, images), *examples, labels, NEIGHBOURS)
        # MNIST has no examples of what is no digit.
        support = np.where(labels == NOT_A_DIGIT, support, (support + shares) / 2)
    return logits.argmax(axis=1), 1 - support
