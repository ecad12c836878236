"""The training of the digit network: seeded, resumable and interruptible."""

import hashlib
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from mlcore.training.datasets.epochs import Mixture, prepare_epochs
from mlcore.training.datasets.fingerprint import fingerprint
from mlcore.training.datasets.mnist import Digits
from mlcore.training.networks.checkpoint import (
    Checkpoint,
    Weights,
    load_checkpoint,
    optimizer_variables,
    restore_variables,
    save_checkpoint,
)
from mlcore.training.networks.digit import build_digit_network
from mlcore.training.networks.machine import describe_machine


@dataclass(frozen=True)
class DigitPlan:
    """The options that decide how the digit network is trained, apart from its data."""

    architecture: str = "digitscribe"
    seed: int = 1
    epochs: int = 40
    batch: int = 128
    rate: float = 3e-3  # peak learning rate
    smoothing: float = 0.02  # of labels
    schedule: str = "one-cycle"  # or "plateau": the rate is halved after 2 epochs without gain, training ends after 5


PLANS = {
    "digitscribe": DigitPlan(),
    "classic": DigitPlan(architecture="classic", epochs=40, rate=1e-3, smoothing=0.0, schedule="plateau"),
}
PATIENCE_TO_HALVE, PATIENCE_TO_STOP = 2, 5
BLEND = 0.6  # share of the fine-tuned weights; the rest stays from the start, so that less of it is forgotten


@dataclass(frozen=True)
class Epoch:
    """One point of the learning curve."""

    number: int
    loss: float
    validation_accuracy: float
    validation_loss: float
    rate: float
    seconds: float


@dataclass(frozen=True)
class Progress:
    """The state of a running training."""

    epoch: int
    epochs: int
    done: float  # of the whole training, 0..1
    seconds_left: float
    last: Epoch | None


@dataclass(frozen=True)
class FittedDigitNetwork:
    model: keras.Model  # float32
    history: tuple[Epoch, ...]
    machines: tuple[str, ...]  # on which the training ran, in order
    interrupted: bool
    checkpoint: Path  # not needed any more once the model is saved elsewhere


@dataclass
class _State:
    """The contents of a checkpoint."""

    weights: Weights
    optimizer: Weights
    best: Weights
    history: list[Epoch] = field(default_factory=list)
    rate: float = 0.0
    machines: list[str] = field(default_factory=list)


def fit_digit_network(
    plan: DigitPlan,
    mixture: Mixture,
    validation: Digits,
    folder: Path,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    start: Weights | None = None,
) -> FittedDigitNetwork:
    """Train from the folder's checkpoint of the same plan and data, else from `start` or from random weights.

    Ctrl-C ends the training early and returns the best weights so far.
    """
    keras.utils.set_random_seed(plan.seed)
    model = build_digit_network(plan.architecture, fast=True)
    optimizer = _compile(model, plan, steps=plan.epochs * (mixture.size // plan.batch))
    if start is not None:
        model.set_weights(start)
    path = folder / _checkpoint_name(plan, mixture, start)
    state = _resume(path, model, optimizer) or _State(model.get_weights(), [], [], rate=plan.rate)
    interrupted = False
    try:
        numbers = range(len(state.history), plan.epochs)
        for number, digits in zip(numbers, prepare_epochs(mixture, plan.seed, numbers), strict=True):
            if _has_stalled(plan, state.history):
                break
            started = time.monotonic()
            loss = _train_epoch(model, digits, plan, number, on_progress, state.history)
            accuracy, validation_loss = _validate(model, validation)
            rate = float(keras.ops.convert_to_numpy(optimizer.learning_rate))
            epoch = Epoch(number + 1, loss, accuracy, validation_loss, rate, time.monotonic() - started)
            state = _advance(state, epoch, model, optimizer, plan)
            _save(path, state)
    except KeyboardInterrupt:
        if not state.best:
            raise
        interrupted = True
    weights = _choose_weights(plan, state)
    exact = build_digit_network(plan.architecture)
    exact.set_weights(weights if start is None else blend(start, weights, BLEND))
    return FittedDigitNetwork(exact, tuple(state.history), tuple(state.machines), interrupted, path)


def _compile(model: keras.Model, plan: DigitPlan, steps: int) -> keras.optimizers.Optimizer:
    rate: Any = plan.rate
    if plan.schedule == "one-cycle":
        warm_up = max(1, steps // 10)
        rate = keras.optimizers.schedules.CosineDecay(
            plan.rate / 20, steps - warm_up, alpha=0.002, warmup_target=plan.rate, warmup_steps=warm_up
        )
    optimizer = (
        keras.optimizers.AdamW(rate, weight_decay=0.01)
        if plan.schedule == "one-cycle"
        else (keras.optimizers.Adam(rate))
    )
    model.compile(optimizer, _smoothed_loss(plan.smoothing))
    optimizer.build(model.trainable_variables)
    return optimizer


def _smoothed_loss(smoothing: float) -> Callable[[Any, Any], Any]:
    def loss(labels: Any, logits: Any) -> Any:
        return keras.losses.categorical_crossentropy(labels, logits, from_logits=True, label_smoothing=smoothing)

    return loss


def _train_epoch(
    model: keras.Model,
    digits: Digits,
    plan: DigitPlan,
    number: int,
    on_progress: Callable[[Progress], None],
    history: list[Epoch],
) -> float:
    _reseed(model, plan.seed, number)
    steps = len(digits) // plan.batch
    digits = digits[: steps * plan.batch]  # whole batches: one shape, compiled once
    started = time.monotonic()

    def show_progress(step: int, logs: Any = None) -> None:
        early = history and step < steps / 10  # the first steps are slow: assume the last epoch's pace
        pace = history[-1].seconds / steps if early else (time.monotonic() - started) / (step + 1)
        seconds_left = (steps - step - 1 + (plan.epochs - number - 1) * steps) * pace
        done = (number + (step + 1) / steps) / plan.epochs
        on_progress(Progress(number + 1, plan.epochs, done, seconds_left, history[-1] if history else None))

    images = digits.images[..., np.newaxis].astype(np.float32) / 255  # (N, 28, 28, 1) 0..1
    labels = np.eye(model.output.shape[-1], dtype=np.float32)[digits.labels]  # (N, 11)
    callback = keras.callbacks.LambdaCallback(on_train_batch_end=show_progress)
    fitted = model.fit(images, labels, batch_size=plan.batch, shuffle=False, verbose=0, callbacks=[callback])
    return float(fitted.history["loss"][0])


def _reseed(model: keras.Model, seed: int, number: int) -> None:
    """Seed dropout by seed and epoch alone, so that an interruption changes nothing."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.seed_generator.state.assign([seed, number])


def _validate(model: keras.Model, digits: Digits) -> tuple[float, float]:
    """Return accuracy and mean log loss."""
    logits = predict_logits(model, digits.images).astype(np.float64)
    logs = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    true_logs = logs[np.arange(len(digits)), digits.labels]
    return float((logits.argmax(axis=1) == digits.labels).mean()), float(-true_logs.mean())


def predict_logits(model: keras.Model, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Compute the logits (N, 11) of images (N, 28, 28)."""
    inputs = images[..., np.newaxis].astype(np.float32) / 255
    logits: NDArray[np.float32] = np.asarray(model.predict(inputs, batch_size=256, verbose=0))
    return logits


def _advance(
    state: _State, epoch: Epoch, model: keras.Model, optimizer: keras.optimizers.Optimizer, plan: DigitPlan
) -> _State:
    """Return the state after an epoch; on a plateau, lower the learning rate."""
    history = [*state.history, epoch]
    weights = model.get_weights()
    rate = state.rate
    since_best = _epochs_since_best(history)
    if plan.schedule == "plateau" and since_best and since_best % PATIENCE_TO_HALVE == 0:
        rate /= 2
        optimizer.learning_rate.assign(rate)
    return replace(
        state,
        weights=weights,
        optimizer=optimizer_variables(optimizer),
        best=state.best if since_best else weights,
        history=history,
        rate=rate,
        machines=[*state.machines, *({describe_machine()} - {*state.machines})],
    )


def _choose_weights(plan: DigitPlan, state: _State) -> Weights:
    """Return the last weights of a whole cycle, else the best on validation.

    A cycle is designed for its end; which of its last epochs is best on validation is chance.
    """
    is_complete = plan.schedule == "one-cycle" and len(state.history) == plan.epochs
    return state.weights if is_complete else state.best


def blend(start: Weights, end: Weights, share: float) -> Weights:
    """Interpolate between two lists of weights; a share of 1 gives `end`."""
    return [a + share * (b - a) for a, b in zip(start, end, strict=True)]


def _epochs_since_best(history: list[Epoch]) -> int:
    """Count the epochs since the best one, by accuracy on validation, then by loss."""
    scores = [(epoch.validation_accuracy, -epoch.validation_loss) for epoch in history]
    return len(scores) - 1 - scores.index(max(scores))


def _has_stalled(plan: DigitPlan, history: list[Epoch]) -> bool:
    return plan.schedule == "plateau" and bool(history) and _epochs_since_best(history) >= PATIENCE_TO_STOP


def _checkpoint_name(plan: DigitPlan, mixture: Mixture, start: Weights | None) -> str:
    start_digests = [hashlib.sha256(weights.tobytes()).hexdigest() for weights in start or []]
    options = [asdict(plan), asdict(mixture.augmentation), mixture.synthetic_per_epoch, mixture.reduced_from]
    digests = (mixture.digits.digest, mixture.synthetic.digest, *start_digests)
    return f"checkpoint-{fingerprint(sys.modules[__name__], json.dumps(options, sort_keys=True), *digests)}.npz"


def _save(path: Path, state: _State) -> None:
    arrays = {"weights": state.weights, "optimizer": state.optimizer, "best": state.best}
    facts = {"history": [asdict(epoch) for epoch in state.history], "rate": state.rate, "machines": state.machines}
    save_checkpoint(path, Checkpoint(arrays, facts))


def _resume(path: Path, model: keras.Model, optimizer: keras.optimizers.Optimizer) -> _State | None:
    checkpoint = load_checkpoint(path)
    if checkpoint is None:
        return None
    history = [Epoch(**epoch) for epoch in checkpoint.facts["history"]]
    state = _State(
        **checkpoint.arrays, history=history, rate=checkpoint.facts["rate"], machines=checkpoint.facts["machines"]
    )
    model.set_weights(state.weights)
    restore_variables(optimizer, state.optimizer)
    return state
