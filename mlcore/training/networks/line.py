"""The network that reads a whole line: convolutions only, trained with CTC.

It looks at a strip 32 pixels high and says, every 4 pixels, which digit is there, or that none is. Digits
that touch need not be cut for it; their places follow from where it says what.
"""

import math
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
from mlcore.reading.ctc import BLANK
from mlcore.reading.strip import HEIGHT, stack_strips
from mlcore.training.datasets.lines import Pool
from mlcore.training.networks.checkpoint import (
    Checkpoint,
    load_checkpoint,
    restore_variables,
    save_checkpoint,
    variables_of,
)
from mlcore.training.networks.digit import FusedBatchNormalization, kernels, precision
from mlcore.training.networks.export import keras_bytes, onnx_bytes
from mlcore.training.networks.machine import describe_machine

BATCH = 64
LONGEST_TEXT = 12
WIDTHS = 64  # px: strips of a batch are as wide as a multiple of this, for every width is compiled by itself
LEARNING_RATE = 2e-3  # the highest
SAMPLE = 512  # strips that tell how a network's values spread
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class LinePlan:
    epochs: int
    seed: int
    rate: float = LEARNING_RATE


@dataclass(frozen=True)
class FittedLines:
    model: keras.Model  # float32
    losses: tuple[float, ...]  # of every epoch
    machines: tuple[str, ...]  # that it ran on, one after another
    seconds: float


def build_line_network(*, fast: bool = False) -> keras.Model:
    """`strip` (N, 32, W, 1) float32 0..1 → `logits` (N, W / 4, 11), the last class is "no digit here".

    `fast` is for training alone, as it is for the network of digits.
    """
    with precision(fast):
        return _network(FusedBatchNormalization if fast else layers.BatchNormalization)


def _network(norm: type[layers.BatchNormalization] | None) -> keras.Model:
    strip = x = keras.Input((HEIGHT, None, 1), name="strip")
    shapes: tuple[tuple[int, tuple[int, int], str, tuple[int, int] | None], ...] = (
        (16, (3, 3), "same", (2, 2)),  # then 16 rows, W / 2
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
    x = layers.Conv2D(BLANK + 1, 1, dtype="float32", name="classes")(x)
    return keras.Model(strip, layers.Reshape((-1, BLANK + 1), dtype="float32", name="logits")(x), name="lines")


def compact(model: keras.Model) -> keras.Model:
    """The same network with its normalisation folded into the convolutions, and weights that half precision holds:
    half the size, and its files agree to the last bit."""
    weights = kernels(model)
    folded = _network(None)
    for layer in folded.layers:
        if isinstance(layer, layers.Conv2D):
            name = layer.name.replace("kernel", "conv")
            layer.set_weights([weights[part].astype(np.float16).astype(np.float32) for part in (name, f"{name}_bias")])
    return folded


def unfold(folded: keras.Model, model: keras.Model, strips: Floats) -> None:
    """`compact` undone, so that a network can learn on: on `strips` the `model`'s normalisation changes nothing."""
    convolutions = [layer for layer in folded.layers if isinstance(layer, layers.Conv2D)]
    outputs = keras.Model(folded.input, [layer.output for layer in convolutions]).predict(strips, verbose=0)
    for layer, output in zip(convolutions, outputs, strict=True):
        kernel, bias = layer.get_weights()
        if layer.name == "classes":
            model.get_layer(layer.name).set_weights([kernel, bias])
            continue
        norm = model.get_layer(layer.name.replace("kernel", "norm"))
        mean, variance = (output - bias).mean(axis=(0, 1, 2)), output.var(axis=(0, 1, 2))
        norm.set_weights([np.sqrt(variance + norm.epsilon), mean + bias, mean, variance])
        model.get_layer(layer.name).set_weights([kernel])


def exported_lines(model: keras.Model) -> tuple[Network, dict[str, bytes]]:
    """The network's entry for the card, and its files by name."""
    small = compact(model)
    network = Network(
        architecture="lines", onnx="lines.onnx", keras="lines.keras", parameters=int(small.count_params())
    )
    return network, {"lines.onnx": onnx_bytes(small, shown=(), half=True), "lines.keras": keras_bytes(small)}


def ctc(texts: Any, logits: Any) -> Any:
    """`texts` (N, LONGEST_TEXT), -1 beyond the end."""
    lengths = ops.sum(ops.cast(texts >= 0, "int32"), axis=1)
    steps = ops.full((ops.shape(logits)[0],), ops.shape(logits)[1], dtype="int32")
    return ops.ctc_loss(ops.maximum(texts, 0), logits, lengths, steps, mask_index=BLANK)


def fit_line_network(
    pool: Callable[[], Pool],
    plan: LinePlan,
    path: Path,
    on_epoch: Callable[[int, float], None] = lambda *_: None,
    start: keras.Model | None = None,
) -> FittedLines:
    """From nothing, from `start`, or on from the checkpoint at `path`; where that is of the last epoch, the pool is
    not asked for.

    The learning rate rises for a moment, then falls to nothing along a cosine.
    """
    found = load_checkpoint(path)
    plain = build_line_network()
    losses: list[float] = found.about["losses"] if found else []
    machines: list[str] = found.about["machines"] if found else []
    if found and len(losses) == plan.epochs:
        plain.set_weights(found.arrays["weights"])
        return FittedLines(plain, tuple(losses), tuple(machines), found.about["seconds"])
    keras.utils.set_random_seed(plan.seed)
    lines = pool()
    model = build_line_network(fast=True)
    optimizer = _compile(model, plan.rate, plan.epochs * math.ceil(len(lines) / BATCH))
    if start is not None:
        unfold(start, model, stack_strips([lines.strip(i) for i in range(min(SAMPLE, len(lines)))], WIDTHS))
    if found:
        model.set_weights(found.arrays["weights"])
        restore_variables(optimizer, found.arrays["optimizer"])
    seconds = found.about["seconds"] if found else 0.0
    machines = [*machines, *({describe_machine()} - {*machines})]
    for epoch in range(len(losses), plan.epochs):
        started = time.monotonic()
        rng = np.random.default_rng([plan.seed, epoch])
        model.get_layer("dropout").seed_generator.state.assign([plan.seed, epoch])  # the same after an interruption
        steps = [float(model.train_on_batch(strips, texts)) for strips, texts in batches(lines, rng)]
        losses.append(float(np.mean(steps)))
        seconds += time.monotonic() - started
        arrays = {"weights": model.get_weights(), "optimizer": variables_of(optimizer)}
        save_checkpoint(path, Checkpoint(arrays, {"losses": losses, "machines": machines, "seconds": seconds}))
        on_epoch(epoch, losses[-1])
    plain.set_weights(model.get_weights())
    return FittedLines(plain, tuple(losses), tuple(machines), seconds)


def _compile(model: keras.Model, rate: float, steps: int) -> keras.optimizers.Optimizer:
    schedule = keras.optimizers.schedules.CosineDecay(
        rate / 20, steps, warmup_target=rate, warmup_steps=min(500, steps // 10)
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=1e-3, clipnorm=2.0)
    model.compile(optimizer, loss=ctc)
    optimizer.build(model.trainable_variables)
    return optimizer


def batches(pool: Pool, rng: np.random.Generator) -> Iterator[tuple[Floats, NDArray[np.int32]]]:
    """Strips of about the same width together, in random order, each changed a little."""
    order = np.argsort(pool.widths() + rng.uniform(-12, 12, len(pool)))
    groups = [order[i : i + BATCH] for i in range(0, len(order), BATCH)]
    for group in rng.permutation(len(groups)):
        changed = [_changed(pool.strip(int(i)), rng) for i in groups[group]]
        yield stack_strips(changed, WIDTHS), labels([pool.texts[int(i)] for i in groups[group]])


def labels(texts: list[str]) -> NDArray[np.int32]:
    rows = np.full((len(texts), LONGEST_TEXT), -1, np.int32)
    for row, text in zip(rows, texts, strict=True):
        row[: len(text)] = [int(character) for character in text]
    return rows


def _changed(strip: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Wider or narrower, higher or lower, slanted, bolder or fainter: (32, W) -> (32, W')"""
    wide, tall = rng.uniform(0.82, 1.2), rng.uniform(0.85, 1.12)
    slant = rng.normal(0, 0.12)
    middle = HEIGHT / 2
    rise = middle - tall * middle + rng.normal(0, 1)
    matrix = np.array([[wide, slant, -slant * middle], [0, tall, rise]])
    width = max(16, round(strip.shape[1] * wide) + 2)
    moved = cv2.warpAffine(strip, matrix, (width, HEIGHT))
    if rng.random() < 0.5:
        curve = (np.arange(256) / 255) ** np.exp(rng.normal(0, 0.4)) * rng.uniform(0.7, 1.0) * 255
        moved = cv2.LUT(moved, curve.astype(np.uint8))
    return np.asarray(moved, np.uint8)
