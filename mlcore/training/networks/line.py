"""The line network, which reads a whole line: convolutions only, trained with CTC.

For every 4 columns of a strip 32 pixels high it scores which digit or sign is there, or that none is. Digits that
touch need no cutting; the columns of the scores give their places.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from mlcore.artifact import Network
from mlcore.reading.layout.strip import HEIGHT, stack_strips
from mlcore.reading.numbers.ctc import BLANK
from mlcore.reading.result import SIGNS
from mlcore.training.datasets.line_epochs import LineMixture, choose_batches
from mlcore.training.datasets.lines import LONGEST_TEXT
from mlcore.training.networks.checkpoint import (
    Checkpoint,
    load_checkpoint,
    optimizer_variables,
    restore_variables,
    save_checkpoint,
)
from mlcore.training.networks.digit import FusedBatchNormalization, fold_kernels, use_precision
from mlcore.training.networks.export import encode_keras, encode_onnx
from mlcore.training.networks.fit import blend
from mlcore.training.networks.machine import describe_machine

CLASSES = {
    **{str(digit): digit for digit in range(10)},
    **{sign: number for number, sign in enumerate(SIGNS, start=BLANK + 1)},
}
UNLIKELY = -4.0  # bias of signs that the fine-tuned network did not know
WIDTH_STEP = 64  # pixels; strips of a batch are padded to a multiple, because each width is compiled separately
LEARNING_RATE = 2e-3  # the peak
LINE_BLEND = 0.75  # share of the fine-tuned weights; the rest stays from the start, so that less of it is forgotten
SAMPLE = 512  # strips from which the statistics of normalisation are estimated
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class LinePlan:
    """The options that decide how the line network is trained, apart from its data."""

    epochs: int
    seed: int
    rate: float = LEARNING_RATE


@dataclass(frozen=True)
class FittedLineNetwork:
    model: keras.Model  # float32
    losses: tuple[float, ...]  # of every epoch
    machines: tuple[str, ...]  # on which the training ran, in order
    seconds: float


def build_line_network(*, fast: bool = False) -> keras.Model:
    """Build a network that maps `strip` (N, 32, W, 1) float32 0..1 to `logits` (N, W / 4, 11 + signs).

    The eleventh class means "nothing to read here". `fast` is for training only, as in `build_digit_network`.
    """
    with use_precision(fast):
        return _build(FusedBatchNormalization if fast else layers.BatchNormalization)


def build_compact_network() -> keras.Model:
    """Build the network without normalisation, as artifacts hold it."""
    return _build(None)


def _build(norm: type[layers.BatchNormalization] | None, classes: int = len(CLASSES) + 1) -> keras.Model:
    strip = x = keras.Input((HEIGHT, None, 1), name="strip")
    shapes: tuple[tuple[int, tuple[int, int], str, tuple[int, int] | None], ...] = (
        (16, (3, 3), "same", (2, 2)),  # gives 16 rows, W / 2
        (32, (3, 3), "same", (2, 2)),  # 8 rows, W / 4
        (64, (3, 3), "same", None),
        (80, (3, 3), "same", (2, 1)),  # 4 rows
        (112, (3, 3), "same", None),
        (160, (4, 1), "valid", None),  # 1 row
        (160, (1, 5), "same", None),
        (160, (1, 5), "same", None),
    )
    for number, (width, kernel, padding, pool) in enumerate(shapes, start=1):
        x = layers.Conv2D(width, kernel, padding=padding, use_bias=norm is None, name=f"kernel{number}")(x)
        if norm is not None:
            x = norm(momentum=0.98, name=f"norm{number}")(x)
        x = layers.ReLU(name=f"conv{number}")(x)
        if pool is not None:
            x = layers.MaxPooling2D(pool, name=f"pool{number}")(x)
    x = layers.Dropout(0.1, name="dropout")(x)
    x = layers.Conv2D(classes, 1, dtype="float32", name="classes")(x)
    return keras.Model(strip, layers.Reshape((-1, classes), dtype="float32", name="logits")(x), name="lines")


def compact(model: keras.Model) -> keras.Model:
    """Return the network with normalisation folded into the convolutions and weights rounded to half precision.

    This halves the files, and the Keras and ONNX files hold exactly the same weights.
    """
    weights = fold_kernels(model)
    folded = build_compact_network()
    for layer in folded.layers:
        if isinstance(layer, layers.Conv2D):
            name = layer.name.replace("kernel", "conv")
            layer.set_weights([weights[part].astype(np.float16).astype(np.float32) for part in (name, f"{name}_bias")])
    return folded


def unfold(folded: keras.Model, model: keras.Model, strips: Floats) -> None:
    """Copy compacted weights into `model` for fine-tuning.

    The normalisation layers are set so that they change nothing on `strips`. Signs that the folded network does not
    know keep their random weights, and are unlikely at first.
    """
    convolutions = [layer for layer in folded.layers if isinstance(layer, layers.Conv2D)]
    outputs = keras.Model(folded.input, [layer.output for layer in convolutions]).predict(strips, verbose=0)
    for layer, output in zip(convolutions, outputs, strict=True):
        kernel, bias = layer.get_weights()
        if layer.name == "classes":
            all_kernels, all_biases = model.get_layer(layer.name).get_weights()
            known = len(bias)
            all_kernels[..., :known], all_biases[:known], all_biases[known:] = kernel, bias, UNLIKELY
            model.get_layer(layer.name).set_weights([all_kernels, all_biases])
            continue
        norm = model.get_layer(layer.name.replace("kernel", "norm"))
        mean, variance = (output - bias).mean(axis=(0, 1, 2)), output.var(axis=(0, 1, 2))
        norm.set_weights([np.sqrt(variance + norm.epsilon), mean + bias, mean, variance])
        model.get_layer(layer.name).set_weights([kernel])


def export_line_network(model: keras.Model, start: keras.Model | None = None) -> tuple[Network, dict[str, bytes]]:
    """Return the network's entry for the card, and its files by name.

    With a compact network as the start, the weights are those between its own and the model's, so that less of what it
    knows is forgotten.
    """
    small = compact(model)
    if start is not None:
        blended = blend(start.get_weights(), small.get_weights(), LINE_BLEND)
        small.set_weights([weights.astype(np.float16).astype(np.float32) for weights in blended])
    network = Network(
        architecture="lines",
        onnx="lines.onnx",
        keras="lines.keras",
        parameters=int(small.count_params()),
        signs="".join(SIGNS),
    )
    return network, {"lines.onnx": encode_onnx(small, shown=(), half=True), "lines.keras": encode_keras(small)}


def ctc_loss(texts: Any, logits: Any) -> Any:
    """Return the CTC loss of `texts` (N, LONGEST_TEXT), which are padded with -1."""
    lengths = ops.sum(ops.cast(texts >= 0, "int32"), axis=1)
    steps = ops.full((ops.shape(logits)[0],), ops.shape(logits)[1], dtype="int32")
    return ops.ctc_loss(ops.maximum(texts, 0), logits, lengths, steps, mask_index=BLANK)


def fit_line_network(
    prepare_strips: Callable[[], LineMixture],
    plan: LinePlan,
    path: Path,
    on_epoch: Callable[[int, float], None] = lambda *_: None,
    start: keras.Model | None = None,
    on_batch: Callable[[int, float], None] = lambda *_: None,
) -> FittedLineNetwork:
    """Train from the checkpoint at `path` if there is one, else from `start` or from random weights.

    Strips are not prepared if the checkpoint is of the last epoch. The learning rate rises briefly, then falls to
    zero along a cosine. `on_batch` gets the epoch and the share of it that is done.
    """
    checkpoint = load_checkpoint(path)
    exact = build_line_network()
    losses: list[float] = checkpoint.facts["losses"] if checkpoint else []
    machines: list[str] = checkpoint.facts["machines"] if checkpoint else []
    if checkpoint and len(losses) == plan.epochs:
        exact.set_weights(checkpoint.arrays["weights"])
        return FittedLineNetwork(exact, tuple(losses), tuple(machines), checkpoint.facts["seconds"])
    keras.utils.set_random_seed(plan.seed)
    mixture = prepare_strips()
    model = build_line_network(fast=True)
    optimizer = _compile(model, plan.rate, plan.epochs * mixture.batches)
    if start is not None:
        sample = mixture.synthetic
        unfold(start, model, stack_strips([sample.strip(i) for i in range(min(SAMPLE, len(sample)))], WIDTH_STEP))
    if checkpoint:
        model.set_weights(checkpoint.arrays["weights"])
        restore_variables(optimizer, checkpoint.arrays["optimizer"])
    seconds = checkpoint.facts["seconds"] if checkpoint else 0.0
    machines = [*machines, *({describe_machine()} - {*machines})]
    for epoch in range(len(losses), plan.epochs):
        started = time.monotonic()
        rng = np.random.default_rng([plan.seed, epoch])
        dropout = model.get_layer("dropout")
        dropout.seed_generator.state.assign([plan.seed, epoch])  # so that an interruption changes nothing
        steps: list[float] = []
        for images, texts in make_batches(mixture, rng):
            steps.append(float(model.train_on_batch(images, texts)))
            on_batch(epoch, len(steps) / mixture.batches)
        losses.append(float(np.mean(steps)))
        seconds += time.monotonic() - started
        arrays = {"weights": model.get_weights(), "optimizer": optimizer_variables(optimizer)}
        save_checkpoint(path, Checkpoint(arrays, {"losses": losses, "machines": machines, "seconds": seconds}))
        on_epoch(epoch, losses[-1])
    exact.set_weights(model.get_weights())
    return FittedLineNetwork(exact, tuple(losses), tuple(machines), seconds)


def _compile(model: keras.Model, rate: float, steps: int) -> keras.optimizers.Optimizer:
    schedule = keras.optimizers.schedules.CosineDecay(
        rate / 20, steps, warmup_target=rate, warmup_steps=min(500, steps // 10)
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=1e-3, clipnorm=2.0)
    model.compile(optimizer, loss=ctc_loss)
    optimizer.build(model.trainable_variables)
    return optimizer


def make_batches(mixture: LineMixture, rng: np.random.Generator) -> Iterator[tuple[Floats, NDArray[np.int32]]]:
    """Yield the batches of an epoch, augmented, with their labels."""
    for batch in choose_batches(mixture, rng):
        changed = [_augment_strip(strip, rng) for strip, _ in batch]
        yield stack_strips(changed, WIDTH_STEP), encode_texts([text for _, text in batch])


def encode_texts(texts: list[str]) -> NDArray[np.int32]:
    """Return the classes of each text, (N, LONGEST_TEXT), padded with -1."""
    rows = np.full((len(texts), LONGEST_TEXT), -1, np.int32)
    for row, text in zip(rows, texts, strict=True):
        row[: len(text)] = [CLASSES[character] for character in text]
    return rows


def _augment_strip(strip: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Vary width, height, slant, position and strength of the ink: (32, W) → (32, W')."""
    scale_x, scale_y = rng.uniform(0.82, 1.2), rng.uniform(0.85, 1.12)
    slant = rng.normal(0, 0.12)
    middle = HEIGHT / 2
    shift_y = middle - scale_y * middle + rng.normal(0, 1)
    matrix = np.array([[scale_x, slant, -slant * middle], [0, scale_y, shift_y]])
    width = max(16, round(strip.shape[1] * scale_x) + 2)
    moved = cv2.warpAffine(strip, matrix, (width, HEIGHT))
    if rng.random() < 0.5:
        curve = (np.arange(256) / 255) ** np.exp(rng.normal(0, 0.4)) * rng.uniform(0.7, 1.0) * 255
        moved = cv2.LUT(moved, curve.astype(np.uint8))
    return np.asarray(moved, np.uint8)
