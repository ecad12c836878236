"""All explanations of one network: what pages, the API and the command line ask."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mlcore.explaining.cam import class_map
from mlcore.explaining.contributions import Contributions, contributions
from mlcore.explaining.geometry import Step, steps_of
from mlcore.explaining.occlusion import Image, occlude
from mlcore.explaining.words import Gettext, Turn, sentence, turn_of, two_best
from mlcore.reading.engine import Engine

Kind = Literal["occlusion", "cam"]
Activations = Mapping[str, NDArray[np.float32]]  # (h, w, channels) by the layer's name


@dataclass(frozen=True)
class Why:
    """Why this digit: for the first and the second answer, where the picture speaks for and against it."""

    answers: tuple[int, int]
    logits: NDArray[np.float32]  # (classes,)
    maps: Mapping[Kind, tuple[NDArray[np.float32], NDArray[np.float32]]]  # "cam" only where it is exact
    turn: Turn | None
    probabilities: tuple[float, ...]
    is_digit: float

    def sentence(self, gettext: Gettext = str) -> str:
        return sentence(self.probabilities, self.is_digit, self.turn, gettext)

    def limit(self, kind: Kind) -> float:
        """The largest value of both maps: they share one scale."""
        return max(float(np.abs(values).max()) for values in self.maps[kind])


class Explainer:
    """Safe to share between threads."""

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
    def steps(self) -> tuple[Step, ...]:
        return steps_of(self.network.layers, self.kernels)

    def activations(self, image: Image) -> Activations:
        return {name: maps[0] for name, maps in self.engine.activations(image[np.newaxis]).items()}

    def before(self, position: int, image: Image, activations: Activations) -> NDArray[np.float32]:
        """What the layer at this position looks at, (h, w, channels)."""
        if position == 0:
            return (image[..., np.newaxis] / np.float32(255)).astype(np.float32)
        return activations[self.network.layers[position - 1].name]

    def contributions(
        self, position: int, channel: int, cell: tuple[int, int], before: NDArray[np.float32]
    ) -> Contributions:
        """Of a convolution's cell."""
        name = self.network.layers[position].name
        kernel, bias = self.kernels[name][..., channel], float(self.kernels[f"{name}_bias"][channel])
        return contributions(self.steps[position], before, kernel, bias, *cell)

    def why(self, image: Image, probabilities: Sequence[float], is_digit: float) -> Why:
        first, second = answers = two_best(probabilities)
        occlusion = occlude(self.engine.logits, image)
        maps: dict[Kind, tuple[NDArray[np.float32], NDArray[np.float32]]] = {
            "occlusion": (occlusion.map(first), occlusion.map(second))
        }
        if self.network.averaged:
            averaged = self.activations(image)[self.network.averaged]
            maps["cam"] = (self.class_map(averaged, first), self.class_map(averaged, second))
        turn = turn_of(occlusion, image, first, second)
        return Why(answers, occlusion.logits[0], maps, turn, tuple(probabilities), is_digit)

    def class_map(self, averaged: NDArray[np.float32], digit: int) -> NDArray[np.float32]:
        return class_map(averaged, self.kernels["logits"][:, digit], float(self.kernels["logits_bias"][digit]))
