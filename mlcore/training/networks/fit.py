"""Training: seeded, resumable, interruptible. It knows neither terminal nor database."""

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

from mlcore.training.datasets import augment, epochs
from mlcore.training.datasets.epochs import Mixture
from mlcore.training.datasets.fingerprint import fingerprint
from mlcore.training.datasets.mnist import Digits
from mlcore.training.networks import digit as network
from mlcore.training.networks.checkpoint import (
    Checkpoint,
    Weights,
    load_checkpoint,
    restore_variables,
    save_checkpoint,
    variables_of,
)
from mlcore.training.networks.digit import build
from mlcore.training.networks.machine import describe_machine


@dataclass(frozen=True)
class Plan:
    """All that decides how a training runs, but for its data."""

    architecture: str = "digitscribe"
    seed: int = 1
    epochs: int = 40
    batch: int = 128
    rate: float = 3e-3  # the highest learning rate
    smoothing: float = 0.02  # of labels
    schedule: str = "one-cycle"  # or "plateau": halved after 2 epochs without gain, ended after 5


PLANS = {
    "digitscribe": Plan(),
    "classic": Plan(architecture="classic", epochs=40, rate=1e-3, smoothing=0.0, schedule="plateau"),
}
PATIENCE_TO_HALVE, PATIENCE_TO_STOP = 2, 5
SOURCES = (augment, network, epochs, sys.modules[__name__])  # a change of theirs starts anew
WAY = 0.6  # from the weights it goes on from to those it learns: most of the new is gained, less of the old forgotten


@dataclass(frozen=True)
class Epoch:
    """One line of the learning curve."""

    number: int
    loss: float
    validation_accuracy: float
    validation_loss: float
    rate: float
    seconds: float


@dataclass(frozen=True)
class Progress:
    epoch: int
    epochs: int
    done: float  # of the whole training, 0..1
    seconds_left: float
    last: Epoch | None


@dataclass(frozen=True)
class Fitted:
    model: keras.Model  # float32
    history: tuple[Epoch, ...]
    machines: tuple[str, ...]  # that it ran on, one after another
    interrupted: bool
    checkpoint: Path  # of no more use once the model is kept elsewhere


@dataclass
class _State:
    """What a checkpoint holds."""

    weights: Weights
    optimizer: Weights
    best: Weights
    history: list[Epoch] = field(default_factory=list)
    rate: float = 0.0
    machines: list[str] = field(default_factory=list)


def fit(
    plan: Plan,
    mixture: Mixture,
    validation: Digits,
    folder: Path,
    report: Callable[[Progress], None] = lambda progress: None,
    start: Weights | None = None,
) -> Fitted:
    """From `start` or from random weights, and on from the folder's checkpoint if that is of the same plan and data.

    Ctrl-C keeps the best so far.
    """
    keras.utils.set_random_seed(plan.seed)
    model = build(plan.architecture, fast=True)
    optimizer = _compile(model, plan, steps=plan.epochs * (mixture.size // plan.batch))
    if start is not None:
        model.set_weights(start)
    path = folder / f"checkpoint-{_fingerprint(plan, mixture, start)}.npz"
    state = _resume(path, model, optimizer) or _State(model.get_weights(), [], [], rate=plan.rate)
    interrupted = False
    try:
        numbers = range(len(state.history), plan.epochs)
        for number, digits in zip(numbers, epochs.epochs(mixture, plan.seed, numbers), strict=True):
            if _exhausted(plan, state.history):
                break
            started = time.monotonic()
            loss = _learn(model, digits, plan, number, report, state.history)
            accuracy, validation_loss = _judge(model, validation)
            rate = float(keras.ops.convert_to_numpy(optimizer.learning_rate))
            line = Epoch(number + 1, loss, accuracy, validation_loss, rate, time.monotonic() - started)
            state = _advance(state, line, model, optimizer, plan)
            _save(path, state)
    except KeyboardInterrupt:
        if not state.best:
            raise
        interrupted = True
    learnt = _kept(plan, state)
    exact = build(plan.architecture)
    exact.set_weights(learnt if start is None else between(start, learnt, WAY))
    return Fitted(exact, tuple(state.history), tuple(state.machines), interrupted, path)


def _compile(model: keras.Model, plan: Plan, steps: int) -> keras.optimizers.Optimizer:
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
    model.compile(optimizer, _smoothed(plan.smoothing))
    optimizer.build(model.trainable_variables)
    return optimizer


def _smoothed(smoothing: float) -> Callable[[Any, Any], Any]:
    def loss(labels: Any, logits: Any) -> Any:
        return keras.losses.categorical_crossentropy(labels, logits, from_logits=True, label_smoothing=smoothing)

    return loss


def _learn(
    model: keras.Model,
    digits: Digits,
    plan: Plan,
    number: int,
    report: Callable[[Progress], None],
    history: list[Epoch],
) -> float:
    _reseed(model, plan.seed, number)
    steps = len(digits) // plan.batch
    digits = digits[: steps * plan.batch]  # whole batches: one shape, compiled once
    started = time.monotonic()

    def tell(step: int, logs: Any = None) -> None:
        early = history and step < steps / 10  # the first steps are slow: trust the last epoch's pace
        pace = history[-1].seconds / steps if early else (time.monotonic() - started) / (step + 1)
        left = (steps - step - 1 + (plan.epochs - number - 1) * steps) * pace
        done = (number + (step + 1) / steps) / plan.epochs
        report(Progress(number + 1, plan.epochs, done, left, history[-1] if history else None))

    images = digits.images[..., np.newaxis].astype(np.float32) / 255  # (N, 28, 28, 1) 0..1
    labels = np.eye(model.output.shape[-1], dtype=np.float32)[digits.labels]  # (N, 11)
    told = keras.callbacks.LambdaCallback(on_train_batch_end=tell)
    fitted = model.fit(images, labels, batch_size=plan.batch, shuffle=False, verbose=0, callbacks=[told])
    return float(fitted.history["loss"][0])


def _reseed(model: keras.Model, seed: int, number: int) -> None:
    """Dropout falls by seed and epoch alone, so that it falls the same after an interruption."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.seed_generator.state.assign([seed, number])


def _judge(model: keras.Model, digits: Digits) -> tuple[float, float]:
    """Accuracy and mean log loss."""
    logits = predict_logits(model, digits.images).astype(np.float64)
    logs = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    true = logs[np.arange(len(digits)), digits.labels]
    return float((logits.argmax(axis=1) == digits.labels).mean()), float(-true.mean())


def predict_logits(model: keras.Model, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(N, 28, 28) → (N, 11)."""
    inputs = images[..., np.newaxis].astype(np.float32) / 255
    logits: NDArray[np.float32] = np.asarray(model.predict(inputs, batch_size=256, verbose=0))
    return logits


def _advance(
    state: _State, line: Epoch, model: keras.Model, optimizer: keras.optimizers.Optimizer, plan: Plan
) -> _State:
    history = [*state.history, line]
    weights = model.get_weights()
    rate = state.rate
    if plan.schedule == "plateau" and _since_best(history) and _since_best(history) % PATIENCE_TO_HALVE == 0:
        rate /= 2
        optimizer.learning_rate.assign(rate)
    return replace(
        state,
        weights=weights,
        optimizer=variables_of(optimizer),
        best=state.best if _since_best(history) else weights,
        history=history,
        rate=rate,
        machines=[*state.machines, *({describe_machine()} - {*state.machines})],
    )


def _kept(plan: Plan, state: _State) -> Weights:
    """One cycle is made for its end: among its last epochs, which one is best on validation is chance."""
    at_its_end = plan.schedule == "one-cycle" and len(state.history) == plan.epochs
    return state.weights if at_its_end else state.best


def between(start: Weights, end: Weights, way: float) -> Weights:
    return [a + way * (b - a) for a, b in zip(start, end, strict=True)]


def _since_best(history: list[Epoch]) -> int:
    """How many epochs ago the best one was: most accurate on validation, then the lower loss."""
    marks = [(epoch.validation_accuracy, -epoch.validation_loss) for epoch in history]
    return len(marks) - 1 - marks.index(max(marks))


def _exhausted(plan: Plan, history: list[Epoch]) -> bool:
    return plan.schedule == "plateau" and bool(history) and _since_best(history) >= PATIENCE_TO_STOP


def _fingerprint(plan: Plan, mixture: Mixture, start: Weights | None) -> str:
    text = json.dumps([asdict(plan), asdict(mixture.amounts), mixture.share, mixture.calm_from], sort_keys=True)
    began = [hashlib.sha256(weights.tobytes()).hexdigest() for weights in start or []]
    return fingerprint(SOURCES, text, mixture.digits.digest, mixture.written.digest, *began)


def _save(path: Path, state: _State) -> None:
    arrays = {"weights": state.weights, "optimizer": state.optimizer, "best": state.best}
    about = {"history": [asdict(line) for line in state.history], "rate": state.rate, "machines": state.machines}
    save_checkpoint(path, Checkpoint(arrays, about))


def _resume(path: Path, model: keras.Model, optimizer: keras.optimizers.Optimizer) -> _State | None:
    found = load_checkpoint(path)
    if found is None:
        return None
    history = [Epoch(**line) for line in found.about["history"]]
    state = _State(**found.arrays, history=history, rate=found.about["rate"], machines=found.about["machines"])
    model.set_weights(state.weights)
    restore_variables(optimizer, state.optimizer)
    return state
