"""The digit network under ONNX Runtime. The temperature is applied here and nowhere else."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mlcore.artifact import Artifact, Layer
from mlcore.reading.strip import STEP, stack_strips

if TYPE_CHECKING:
    import onnxruntime

CHUNK = 256  # images a run of the network: enough to be fast, small enough to stay in the cache
NOT_A_DIGIT = 10  # the eleventh class


@dataclass(frozen=True)
class Scores:
    """What the network says of each image."""

    probabilities: NDArray[np.float32]  # (N, 10), rows sum to 1: which digit, if it is one
    is_digit: NDArray[np.float32]  # (N,) 0..1: that it is a digit at all


class Engine:
    """Safe to share between threads; the network is loaded at first use."""

    def __init__(self, artifact: Artifact) -> None:
        self.artifact = artifact
        self.network = artifact.card.networks["digit"]
        self._temperature = artifact.card.temperature

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Every convolution (after normalisation and activation) and pooling, in order."""
        return self.network.layers

    @property
    def reads_lines(self) -> bool:
        return "lines" in self.artifact.card.networks

    def classify(self, inputs: NDArray[np.uint8]) -> Scores:  # (N, 28, 28), ink is 255
        return scores(self.logits(inputs), self._temperature)

    def logits(self, inputs: NDArray[np.uint8]) -> NDArray[np.float32]:  # (N, 28, 28) → (N, 11)
        parts = [self._run(["logits"], inputs[i : i + CHUNK])[0] for i in range(0, len(inputs), CHUNK)]
        return np.concatenate(parts) if parts else np.zeros((0, 11), np.float32)

    def activations(self, inputs: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Every layer's maps, (N, height, width, channels), by the layer's name."""
        names = [layer.name for layer in self.layers]
        return dict(zip(names, self._run(names, inputs), strict=True))

    def read_strips(self, strips: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        """What the line network says at every step of each strip, (T, 11) logits at the card's temperature."""
        if not strips:
            return []
        session = self._sessions["lines"]
        (logits,) = session.run(["logits"], {"strip": stack_strips(strips)})  # (N, T, 11)
        logits /= self.artifact.card.thresholds.get("line_temperature", 1.0)
        return [said[: math.ceil(strip.shape[1] / STEP)] for said, strip in zip(logits, strips, strict=True)]

    def _run(self, names: list[str], inputs: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        image = inputs[..., np.newaxis].astype(np.float32) / 255  # (N, 28, 28, 1) 0..1
        outputs: list[NDArray[np.float32]] = self._sessions["digit"].run(names, {"image": image})
        return outputs

    @cached_property
    def _sessions(self) -> "dict[str, onnxruntime.InferenceSession]":
        import onnxruntime  # a quarter of a second and 30 MB: not for processes that never read

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # processes are the unit of scale, as the server counts them
        options.inter_op_num_threads = 1
        return {
            name: onnxruntime.InferenceSession(
                self.artifact.read_bytes(network.onnx), options, providers=["CPUExecutionProvider"]
            )
            for name, network in self.artifact.card.networks.items()
        }


def scores(logits: NDArray[np.float32], temperature: float) -> Scores:  # (N, 11)
    return Scores(
        probabilities=_softmax(logits[:, :NOT_A_DIGIT] / temperature),
        is_digit=1 - _softmax(logits / temperature)[:, NOT_A_DIGIT],
    )


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float32] = raised / raised.sum(axis=1, keepdims=True)
    return shares
