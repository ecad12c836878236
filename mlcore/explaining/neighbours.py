"""Neighbours of a digit: the examples that the network sees as most alike.

The network's embedding of a digit is the vector that its last layer weighs: the average of each channel of the last
convolution, or the last hidden layer. Digits with alike vectors get alike answers.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcore.explaining.explainer import Explainer
from mlcore.explaining.forward import LOGITS, Step

CHUNK = 64  # images in one run of the network: their maps take 25 MB
Vectors = NDArray[np.float32]  # (N, width), each of length 1


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One of the examples, by its place among them."""

    index: int
    similarity: float  # cosine of the angle between both vectors: 1 is the same direction


def embed(explainer: Explainer, images: NDArray[np.uint8]) -> Vectors:
    """Return the embedding of each image, (N, 28, 28) → (N, width), scaled to length 1."""
    parts = [_embed_chunk(explainer, images[start : start + CHUNK]) for start in range(0, len(images), CHUNK)]
    vectors = np.concatenate(parts) if parts else np.zeros((0, embedding_width(explainer)), np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
    return scaled


def embedding_width(explainer: Explainer) -> int:
    return int(np.prod(next(step.geometry.before for step in explainer.steps if step.name == LOGITS)))


def find_neighbours(vector: Vectors, examples: Vectors, count: int) -> list[Neighbour]:
    """Return the examples (N, width) whose vectors are most alike to this one (width,), the most alike first."""
    similarities = examples @ vector
    count = min(count, len(similarities))
    if not count:
        return []
    # Only the best few are sorted. Among equals the first examples win.
    best = np.argpartition(-similarities, count - 1)[:count]
    threshold = similarities[best].min()
    candidates = np.flatnonzero(similarities >= threshold)
    order = candidates[np.argsort(-similarities[candidates], kind="stable")][:count]
    return [Neighbour(int(index), float(similarities[index])) for index in order]


def share_labels(
    vectors: Vectors, examples: Vectors, labels: NDArray[np.uint8], claimed: NDArray[np.uint8], count: int
) -> NDArray[np.float64]:
    """Return for each vector which share of its nearest examples has the label that is claimed for it, (N,)."""
    count = min(count, len(examples))
    if not count:
        return np.zeros(len(vectors))
    shares = []
    for start in range(0, len(vectors), CHUNK):
        similarities = vectors[start : start + CHUNK] @ examples.T  # (n, examples)
        nearest = np.argpartition(-similarities, count - 1, axis=1)[:, :count]
        shares.append((labels[nearest] == claimed[start : start + CHUNK, np.newaxis]).mean(axis=1))
    return np.concatenate(shares) if shares else np.zeros(0)


def _embed_chunk(explainer: Explainer, images: NDArray[np.uint8]) -> Vectors:
    maps = explainer.engine.activations(images)[explainer.network.layers[-1].name]  # (n, height, width, channels)
    for step in _hidden_steps(explainer):
        maps = _run_step(step, maps)
    return maps.reshape(len(images), -1)


def _hidden_steps(explainer: Explainer) -> tuple[Step, ...]:
    """Return the steps between the last layer with maps and the logits."""
    return tuple(step for step in explainer.steps[len(explainer.network.layers) :] if step.name != LOGITS)


def _run_step(step: Step, maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Run an average or a dense layer on many maps at once, (n, height, width, channels) → (n, 1, 1, channels)."""
    if step.weighting is None:
        return maps.mean(axis=(1, 2), keepdims=True)
    kernel, bias = step.weighting.kernel.astype(np.float32), step.weighting.bias.astype(np.float32)
    sums = np.tensordot(maps, kernel, axes=([1, 2, 3], [0, 1, 2])) + bias
    return np.maximum(sums, 0)[:, np.newaxis, np.newaxis] if step.weighting.is_rectified else sums
