"""A whole training of the line network: strips, fit, thresholds, figures, artifact."""

import hashlib
import multiprocessing
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np

from mlcore.artifact import Artifact, save_artifact
from mlcore.reading.ctc import read_text
from mlcore.reading.engine import Engine
from mlcore.training.datasets import digits as pool
from mlcore.training.datasets.fingerprint import fingerprint
from mlcore.training.datasets.lines import Pool, Writers, joined_pools, load_pool, render_pool, save_pool
from mlcore.training.datasets.mnist import Digits, load_split
from mlcore.training.datasets.worker import belong_to_parent
from mlcore.training.evaluation.calibrate import Counts, fit_thresholds
from mlcore.training.evaluation.evaluate import examine
from mlcore.training.networks import line as line_network
from mlcore.training.networks.export import keras_model
from mlcore.training.networks.line import LEARNING_RATE, FittedLines, LinePlan, exported_lines, fit_line_network

SHARD = 1_000  # lines a process renders at a time: what they are follows from seed and shard alone
SOURCES = (*pool.SOURCES, line_network)
FURTHER = 0.5  # of the learning rate, for what has learnt before
TEMPERATURES = np.exp(np.linspace(np.log(0.7), np.log(2), 9))


@dataclass(frozen=True)
class LineRecipe:
    lines: int = 80_000
    epochs: int = 18
    seed: int = 1
    data: Path | None = None  # MNIST; None downloads it
    keep: bool = False  # the base's line network: only thresholds are fitted
    further: bool = False  # goes on from the base's line network
    checks: int = 400  # lines of validation digits
    calibration: Counts = field(default_factory=Counts)  # pictures that thresholds are fitted on
    thorough: bool = True  # robustness and reading whole pictures as well


@dataclass(frozen=True)
class Stage:
    name: str
    done: float  # 0..1
    note: str = ""


Report = Callable[[Stage], None]


def train_lines(recipe: LineRecipe, base: Artifact, target: Path, runs: Path, report: Report) -> Artifact:
    """`base` with a line network and thresholds of its own, at `target`."""
    split = load_split(recipe.data)
    start = keras_model(base, "lines") if recipe.further else None
    checkpoint = checkpoint_of(recipe, split.train, runs, start)
    files = {name: base.read_bytes(name) for name in base.card.files}
    networks = dict(base.card.networks)
    training = base.card.training
    if not recipe.keep:
        fitted = fit(recipe, split.train, runs, checkpoint, report, start)
        networks["lines"], exported = exported_lines(fitted.model)
        files |= exported
        before = {"version": base.version, **training.get("lines", {})} if recipe.further else None
        training = {**training, "lines": {**_told(recipe, fitted), "start": before}}
    report(Stage("fitting thresholds", 0))
    judges = Writers(split.validation)
    checks = render_pool(recipe.checks, [recipe.seed, 1_000], judges)
    card = replace(base.card, version=target.name, networks=networks, thresholds={})
    with tempfile.TemporaryDirectory() as scratch:
        draft = save_artifact(Path(scratch) / "draft", card, files)
        temperature = fit_temperature(Engine(draft), checks)
        card = replace(card, thresholds={"line_temperature": temperature})
        draft = save_artifact(Path(scratch) / "warm", card, files)
        card = replace(
            card, thresholds={**card.thresholds, **fit_thresholds(draft, judges, recipe.seed, recipe.calibration)}
        )
        draft = save_artifact(Path(scratch) / "fitted", card, files)
        report(Stage("evaluating", 0))
        metrics = {"lines": judge_lines(Engine(draft), checks), **examine(draft, split.test, thorough=recipe.thorough)}
    report(Stage("evaluating", 1))
    card = replace(card, metrics={**base.card.metrics, **metrics}, training=training)
    artifact = save_artifact(target, card, files)
    checkpoint.unlink(missing_ok=True)
    return artifact


def checkpoint_of(recipe: LineRecipe, train: Digits, runs: Path, start: keras.Model | None = None) -> Path:
    began = [hashlib.sha256(weights.tobytes()).hexdigest() for weights in start.get_weights()] if start else []
    return runs / f"checkpoint-lines-{fingerprint(SOURCES, train.digest, _plain(recipe), *began)}.npz"


def fit(
    recipe: LineRecipe,
    train: Digits,
    runs: Path,
    checkpoint: Path,
    report: Report,
    start: keras.Model | None = None,
) -> FittedLines:
    return fit_line_network(
        lambda: render_shards(recipe, train, runs, report),
        LinePlan(recipe.epochs, recipe.seed, LEARNING_RATE * (FURTHER if start else 1)),
        checkpoint,
        lambda epoch, loss: report(Stage("training", (epoch + 1) / recipe.epochs, f"loss {loss:.3f}")),
        start,
    )


def _plain(recipe: LineRecipe) -> dict[str, Any]:
    """What the network's weights depend on."""
    return {name: getattr(recipe, name) for name in ("lines", "epochs", "seed")}


def _told(recipe: LineRecipe, fitted: FittedLines) -> dict[str, Any]:
    return {
        **_plain(recipe),
        "seconds": round(fitted.seconds),
        "hardware": ", then ".join(fitted.machines),
        "losses": [round(loss, 4) for loss in fitted.losses],
    }


def render_shards(recipe: LineRecipe, train: Digits, runs: Path, report: Report) -> Pool:
    """Shards that an earlier run rendered are taken as they are."""
    name = fingerprint(pool.SOURCES, train.digest, recipe.seed)
    sizes = [min(SHARD, recipe.lines - start) for start in range(0, recipe.lines, SHARD)]
    kept = [runs / f"lines-{name}-{shard}-{size}.npz" for shard, size in enumerate(sizes)]
    missing = [shard for shard, path in enumerate(kept) if not path.exists()]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(mp_context=spawn, initializer=_receive, initargs=(Writers(train),)) as processes:
        seeds = [[recipe.seed, shard] for shard in missing]
        done = processes.map(_render, [kept[shard] for shard in missing], [sizes[shard] for shard in missing], seeds)
        for number, _ in enumerate(done, start=1):
            report(Stage("rendering", number / len(missing)))
    return joined_pools([load_pool(path) for path in kept])


_writers: Writers | None = None  # in a working process


def _receive(writers: Writers) -> None:
    global _writers
    _writers = writers
    belong_to_parent()
    cv2.setNumThreads(1)


def _render(path: Path, count: int, seed: list[int]) -> None:
    assert _writers is not None  # noqa: S101 - _receive ran first
    save_pool(path, render_pool(count, seed, _writers))


def fit_temperature(engine: Engine, checks: Pool) -> float:
    """What makes the line network's own probability of its text honest: least log loss of being right."""
    logits = [engine.read_strips([checks.strip(i)])[0] for i in range(len(checks))]

    def loss(temperature: float) -> float:
        total = 0.0
        for said, truth in zip(logits, checks.texts, strict=True):
            text = read_text(said, temperature)
            chance = min(max(text.confidence, 1e-4), 1 - 1e-4)
            total -= np.log(chance if "".join(map(str, text.digits)) == truth else 1 - chance)
        return total / len(logits)

    return float(min(TEMPERATURES, key=loss))


def judge_lines(engine: Engine, checks: Pool) -> dict[str, float]:
    texts = [read_text(engine.read_strips([checks.strip(i)])[0]) for i in range(len(checks))]
    right = ["".join(map(str, text.digits)) == truth for text, truth in zip(texts, checks.texts, strict=True)]
    return {"validation_lines": len(checks), "validation_exact": float(np.mean(right))}
