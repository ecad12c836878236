"""The architectures of the digit network, by name.

Every layer is named explicitly, because the names reach the artifact, the database and URLs. `conv1` in the
artifact is the output of the activation after convolution and normalisation. A layer's kind is read from its class.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from mlcore.artifact import Layer
from mlcore.training.networks.machine import has_fast_bfloat16

CLASSES = 11  # ten digits and "not a digit"
Widths = tuple[tuple[int, ...], ...]
WIDTHS: Widths = (
    (16, 32),
    (48, 48),
    (80, 80, 80),
)  # channels at 28×28, 14×14, 7×7: multiples of 16, which CPUs multiply fastest


class FusedBatchNormalization(layers.BatchNormalization):
    """Batch normalisation with the same results as Keras's, twice as fast on a CPU.

    Keras computes the training statistics in several float32 steps; TensorFlow has one kernel for them that also
    takes bfloat16. Other backends use Keras's implementation.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if not training or keras.backend.backend() != "tensorflow":
            return super().call(inputs, training=training, mask=mask)
        import tensorflow as tf

        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma.value,
            offset=self.beta.value,
            mean=tf.zeros([0]),
            variance=tf.zeros([0]),
            epsilon=self.epsilon,
        )
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + batch * (1 - self.momentum))
        return outputs


def build_digit_network(architecture: str, *, fast: bool = False) -> keras.Model:
    """Build a network that maps `image` (N, 28, 28, 1) float32 0..1 to `logits` (N, 11).

    `fast` is for training only: fused statistics and the precision that is fastest on this machine, with the same
    weights in the same order.
    """
    with use_precision(fast):
        return ARCHITECTURES[architecture](FusedBatchNormalization if fast else layers.BatchNormalization)


@contextmanager
def use_precision(fast: bool) -> Iterator[None]:
    """Set the precision of layers built inside: float32, or bfloat16 if `fast` and bfloat16 is fast here."""
    half = fast and keras.backend.backend() == "tensorflow" and has_fast_bfloat16()
    previous = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if half else "float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(previous)


def build_digitscribe(norm: type[layers.BatchNormalization], widths: Widths = WIDTHS) -> keras.Model:
    """Build two or three convolutions per resolution, global average pooling and one dense layer.

    This ending makes class activation maps exact.
    """
    image = x = keras.Input((28, 28, 1), name="image")
    number = 0
    for stage, convolutions in enumerate(widths, start=1):
        for width in convolutions:
            number += 1
            x = layers.Conv2D(width, 3, padding="same", use_bias=False, name=f"kernel{number}")(x)
            x = norm(momentum=0.98, name=f"norm{number}")(x)
            x = layers.ReLU(name=f"conv{number}")(x)
        if stage < len(widths):
            x = layers.MaxPooling2D(name=f"pool{stage}")(x)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    return keras.Model(image, layers.Dense(CLASSES, dtype="float32", name="logits")(x), name="digitscribe")


def _build_classic(norm: type[layers.BatchNormalization]) -> keras.Model:
    """Build the small network known from tutorials, whose feature maps form grids of 4×8 and 8×8."""
    del norm
    image = x = keras.Input((28, 28, 1), name="image")
    for number, width in enumerate((32, 64), start=1):
        x = layers.Conv2D(width, 3, name=f"kernel{number}")(x)
        x = layers.ReLU(name=f"conv{number}")(x)
        x = layers.MaxPooling2D(name=f"pool{number}")(x)
    x = layers.Flatten(name="flat")(x)
    x = layers.Dense(64, activation="relu", name="dense")(x)
    x = layers.Dropout(0.5, name="dropout")(x)
    return keras.Model(image, layers.Dense(CLASSES, dtype="float32", name="logits")(x), name="classic")


ARCHITECTURES: dict[str, Callable[[type[layers.BatchNormalization]], keras.Model]] = {
    "digitscribe": build_digitscribe,
    "classic": _build_classic,
}


def visible_layers(model: keras.Model) -> tuple[Layer, ...]:
    """Return the layers that have feature maps: every activated convolution and every pooling, in order."""
    shown = []
    for layer in model.layers:
        if isinstance(layer, layers.ReLU):
            shown.append(Layer(layer.name, "conv", tuple(layer.output.shape[1:])))
        elif isinstance(layer, layers.MaxPooling2D):
            shown.append(Layer(layer.name, "pool", tuple(layer.output.shape[1:])))
    return tuple(shown)


def averaged_layer(model: keras.Model) -> str | None:
    """Return the visible layer that global average pooling feeds into the last layer, or None without pooling."""
    if not isinstance(model.layers[-2], layers.GlobalAveragePooling2D):
        return None
    return visible_layers(model)[-1].name


def fold_kernels(model: keras.Model) -> dict[str, NDArray[np.float32]]:
    """Return kernels and biases by the visible layer's name: `conv1` (3, 3, 1, 32), `conv1_bias` (32,), `logits`.

    Normalisation is folded in: each feature map is relu(convolution + bias) of the one before.
    """
    found: dict[str, NDArray[np.float32]] = {}
    name = ""
    for layer in model.layers:
        if isinstance(layer, (layers.Conv2D, layers.Dense)):
            weights = layer.get_weights()
            kernel, bias = weights[0], weights[1] if len(weights) > 1 else np.zeros(weights[0].shape[-1], np.float32)
            name = layer.name.replace("kernel", "conv")
        elif isinstance(layer, layers.BatchNormalization):
            gamma, beta, mean, variance = layer.get_weights()
            gain = gamma / np.sqrt(variance + layer.epsilon)
            kernel, bias = kernel * gain, beta + (bias - mean) * gain
        else:
            continue
        found[name], found[f"{name}_bias"] = kernel, bias
    return found
