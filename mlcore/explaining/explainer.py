"""The explainer of one network: activations, contributions and explanations for pages, API and command line."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mlcore.explaining.cam import class_map
from mlcore.explaining.contributions import Contributions, compute_contributions
from mlcore.explaining.forward import Step, build_steps, run_steps
from mlcore.explaining.geometry import LayerGeometry, layer_geometries
from mlcore.explaining.gradient import input_gradient
from mlcore.explaining.keras_weights import Floats, read_normalised_convolutions
from mlcore.explaining.occlusion import Image, occlude
from mlcore.explaining.repair import Repair, find_repair
from mlcore.explaining.sentences import (
    MIN_SECOND,
    Gettext,
    KeyChange,
    find_key_change,
    find_rival_change,
    top_two,
    write_sentences,
)
from mlcore.reading.engine import Engine

Kind = Literal["occlusion", "cam"]
Activations = Mapping[str, NDArray[np.float32]]  # (h, w, channels) by the layer's name


@dataclass(frozen=True)
class Explanation:
    """The evidence for and against the first and the second answer."""

    answers: tuple[int, int]
    logits: NDArray[np.float32]  # (classes,)
    maps: Mapping[Kind, tuple[NDArray[np.float32], NDArray[np.float32]]]  # "cam" only where it is exact
    key_change: KeyChange | None
    rival_change: KeyChange | None  # what counts most against the second answer, if that is worth mentioning
    probabilities: tuple[float, ...]
    is_digit: float

    def sentence(self, gettext: Gettext = str) -> str:
        return write_sentences(self.probabilities, self.is_digit, self.key_change, self.rival_change, gettext)

    def limit(self, kind: Kind) -> float:
        """Return the largest absolute value of both maps, which share one scale."""
        return max(float(np.abs(values).max()) for values in self.maps[kind])


class Explainer:
    """The digit network of one engine with its kernels. Threads may share it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.network = engine.network

    @cached_property
    def kernels(self) -> Mapping[str, NDArray[np.float32]]:
        if not self.network.kernels:
            return {}
        stored = np.load(io.BytesIO(self.engine.artifact.read_bytes(self.network.kernels)), allow_pickle=False)
        return {name: stored[name] for name in stored.files}

    @cached_property
    def geometries(self) -> tuple[LayerGeometry, ...]:
        return layer_geometries(self.network.layers, self.kernels)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Return all steps of the network, with the normalisation apart where the Keras file tells it."""
        keras_file = self.network.keras
        trained = read_normalised_convolutions(self.engine.artifact.read_bytes(keras_file)) if keras_file else {}
        return build_steps(self.network, self.kernels, trained)

    def outputs(self, image: Image) -> dict[str, Floats]:
        """Return the outputs of every step in double precision, by its name."""
        return run_steps(self.steps, image)

    def repair(self, image: Image, digit: int) -> Repair | None:
        """Return a small change of the input after which it is read as the digit, or None where none was found."""

        def gradient(changed: Image, weights: Floats) -> Floats:
            return input_gradient(self.steps, self.outputs(changed), weights)

        return find_repair(image, digit, self.engine.logits, gradient)

    def activations(self, image: Image) -> Activations:
        return {name: maps[0] for name, maps in self.engine.activations(image[np.newaxis]).items()}

    def input_of(self, position: int, image: Image, activations: Activations) -> NDArray[np.float32]:
        """Return the input of the layer at this position, (h, w, channels)."""
        if position == 0:
            return (image[..., np.newaxis] / np.float32(255)).astype(np.float32)
        return activations[self.network.layers[position - 1].name]

    def contributions(
        self, position: int, channel: int, cell: tuple[int, int], layer_input: NDArray[np.float32]
    ) -> Contributions:
        """Return the contributions to one cell of a convolution."""
        name = self.network.layers[position].name
        kernel, bias = self.kernels[name][..., channel], float(self.kernels[f"{name}_bias"][channel])
        return compute_contributions(self.geometries[position], layer_input, kernel, bias, *cell)

    def explain(self, image: Image, probabilities: Sequence[float], is_digit: float) -> Explanation:
        """Explain the two most probable digits."""
        first, second = answers = top_two(probabilities)
        occlusion = occlude(self.engine.logits, image)
        maps: dict[Kind, tuple[NDArray[np.float32], NDArray[np.float32]]] = {
            "occlusion": (occlusion.loss_map(first), occlusion.loss_map(second))
        }
        if self.network.averaged:
            averaged = self.activations(image)[self.network.averaged]
            maps["cam"] = (self.class_map(averaged, first), self.class_map(averaged, second))
        key_change, rival_change = find_key_change(occlusion, first), None
        if probabilities[second] >= MIN_SECOND:
            rival_change = find_rival_change(occlusion, first, second)
        return Explanation(answers, occlusion.logits[0], maps, key_change, rival_change, tuple(probabilities), is_digit)

    def evidence(self, image: Image, digit: int) -> NDArray[np.float32]:
        """Return how much each cell of the input supports a digit, (28, 28)."""
        return occlude(self.engine.logits, image).loss_map(digit)

    def class_map(self, averaged: NDArray[np.float32], digit: int) -> NDArray[np.float32]:
        return class_map(averaged, self.kernels["logits"][:, digit], float(self.kernels["logits_bias"][digit]))
