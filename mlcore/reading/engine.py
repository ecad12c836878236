"""The inference engine: both networks under ONNX Runtime. Only here are their temperatures applied."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mlcore.artifact import Artifact, Layer
from mlcore.reading.layout.strip import STEP, stack_strips

if TYPE_CHECKING:
    import onnxruntime

CHUNK = 256  # images in one run of the network: enough to be fast, small enough to stay in the cache
NOT_A_DIGIT = 10  # the eleventh class


@dataclass(frozen=True)
class Scores:
    """The digit network's calibrated results."""

    probabilities: NDArray[np.float32]  # (N, 10), rows sum to 1: of each digit, given that it is one
    is_digit: NDArray[np.float32]  # (N,) 0..1: that it is a digit at all


class Engine:
    """The networks of one artifact. Threads may share it; the networks are loaded at first use."""

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

    @property
    def signs(self) -> str:
        """Return the signs that the line network reads, in the order of its classes."""
        return self.artifact.card.networks["lines"].signs if self.reads_lines else ""

    def classify(self, inputs: NDArray[np.uint8]) -> Scores:  # (N, 28, 28), ink is 255
        return to_scores(self.logits(inputs), self._temperature)

    def logits(self, inputs: NDArray[np.uint8]) -> NDArray[np.float32]:  # (N, 28, 28) → (N, 11)
        parts = [self._run(["logits"], inputs[i : i + CHUNK])[0] for i in range(0, len(inputs), CHUNK)]
        return np.concatenate(parts) if parts else np.zeros((0, 11), np.float32)

    def activations(self, inputs: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Return every layer's activations, (N, height, width, channels), by the layer's name."""
        names = [layer.name for layer in self.layers]
        return dict(zip(names, self._run(names, inputs), strict=True))

    def classify_strips(self, strips: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        """Return the line network's logits for each strip, (T, 11 + signs), divided by the card's temperature."""
        if not strips:
            return []
        session = self._sessions["lines"]
        (logits,) = session.run(["logits"], {"strip": stack_strips(strips)})  # (N, T, 11)
        logits /= self.artifact.card.thresholds.get("line_temperature", 1.0)
        return [rows[: math.ceil(strip.shape[1] / STEP)] for rows, strip in zip(logits, strips, strict=True)]

    def _run(self, names: list[str], inputs: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        image = inputs[..., np.newaxis].astype(np.float32) / 255  # (N, 28, 28, 1) 0..1
        outputs: list[NDArray[np.float32]] = self._sessions["digit"].run(names, {"image": image})
        return outputs

    @cached_property
    def _sessions(self) -> "dict[str, onnxruntime.InferenceSession]":
        import onnxruntime  # takes a quarter of a second and 30 MB, which processes that never read should not spend

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # the server scales by processes, and counts one core for each
        options.inter_op_num_threads = 1
        return {
            name: onnxruntime.InferenceSession(
                self.artifact.read_bytes(network.onnx), options, providers=["CPUExecutionProvider"]
            )
            for name, network in self.artifact.card.networks.items()
        }


def to_scores(logits: NDArray[np.float32], temperature: float) -> Scores:  # (N, 11)
    return Scores(
        probabilities=_softmax(logits[:, :NOT_A_DIGIT] / temperature),
        is_digit=1 - _softmax(logits / temperature)[:, NOT_A_DIGIT],
    )


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float32] = raised / raised.sum(axis=1, keepdims=True)
    return shares
