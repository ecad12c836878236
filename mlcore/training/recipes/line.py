"""The recipe of a line network: strips, fit, thresholds, evaluation and artifact."""

import hashlib
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mlcore.artifact import Artifact, save_artifact
from mlcore.reading.engine import Engine
from mlcore.reading.numbers.ctc import DecodedText, decode_text
from mlcore.reading.result import SIGNS
from mlcore.reading.written import write_number
from mlcore.training.datasets import lines as line_datasets
from mlcore.training.datasets.fingerprint import fingerprint
from mlcore.training.datasets.line_epochs import LineMixture
from mlcore.training.datasets.lines import (
    StripDataset,
    Writers,
    join_strips,
    load_strips,
    render_strips,
    save_strips,
)
from mlcore.training.datasets.mnist import Digits, load_split
from mlcore.training.evaluation.calibrate import CalibrationCounts, fit_thresholds
from mlcore.training.evaluation.evaluate import evaluate_artifact
from mlcore.training.networks import line as line_networks
from mlcore.training.networks.export import load_keras_model
from mlcore.training.networks.line import (
    LEARNING_RATE,
    FittedLineNetwork,
    LinePlan,
    export_line_network,
    fit_line_network,
)
from mlcore.training.recipes.stage import StageCallback, TrainingStage
from mlcore.worker_pool import WorkerPool

SHARD = 1_000  # lines per task; each shard depends on the seed and its number alone
FINE_TUNING_RATE = 0.5  # share of the learning rate for fine-tuning
TEMPERATURES = np.exp(np.linspace(np.log(0.7), np.log(2), 9))


@dataclass(frozen=True)
class LineRecipe:
    """The options of a training: data and effort."""

    lines: int = 80_000
    epochs: int = 18
    seed: int = 1
    data: Path | None = None  # MNIST as an IDX folder or an .npz; None downloads it
    keep: bool = False  # keeps the base's line network and only fits the thresholds
    further: bool = False  # fine-tunes the base's line network
    checks: int = 400  # lines of validation digits
    calibration: CalibrationCounts = field(default_factory=CalibrationCounts)
    thorough: bool = True  # measures robustness and the reading of whole pictures as well


def train_line_network(
    recipe: LineRecipe, base: Artifact, target: Path, runs: Path, on_stage: StageCallback
) -> Artifact:
    """Train a line network and save `base` with it, and with newly fitted thresholds, at `target`."""
    split = load_split(recipe.data)
    start = load_keras_model(base, "lines") if recipe.further else None
    checkpoint = checkpoint_path(recipe, split.train, runs, start)
    files = {name: base.read_bytes(name) for name in base.card.files}
    networks = dict(base.card.networks)
    training = base.card.training
    if not recipe.keep:
        fitted = _fit(recipe, split.train, runs, checkpoint, on_stage, start)
        networks["lines"], exported = export_line_network(fitted.model)
        files |= exported
        origin = {"version": base.version, **training.get("lines", {})} if recipe.further else None
        training = {**training, "lines": {**_describe_training(recipe, fitted), "start": origin}}
    on_stage(TrainingStage("fitting thresholds", 0))
    writers = Writers(split.validation)
    checks = render_strips(recipe.checks, [recipe.seed, 1_000], writers)
    card = replace(base.card, version=target.name, networks=networks, thresholds={})
    with tempfile.TemporaryDirectory() as scratch:
        draft = save_artifact(Path(scratch) / "draft", card, files)
        temperature = fit_line_temperature(Engine(draft), checks)
        card = replace(card, thresholds={"line_temperature": temperature})
        draft = save_artifact(Path(scratch) / "with-temperature", card, files)
        thresholds = fit_thresholds(draft, writers, recipe.seed, recipe.calibration)
        card = replace(card, thresholds={**card.thresholds, **thresholds})
        draft = save_artifact(Path(scratch) / "calibrated", card, files)
        on_stage(TrainingStage("evaluating", 0))
        measured = evaluate_artifact(draft, split.test, thorough=recipe.thorough)
        metrics = {"lines": measure_lines(Engine(draft), checks), **measured}
    on_stage(TrainingStage("evaluating", 1))
    card = replace(card, metrics={**base.card.metrics, **metrics}, training=training)
    artifact = save_artifact(target, card, files)
    checkpoint.unlink(missing_ok=True)
    return artifact


def checkpoint_path(recipe: LineRecipe, train: Digits, runs: Path, start: keras.Model | None = None) -> Path:
    """Return a path whose name changes with everything that the weights depend on, the network's source included."""
    start_digests = [hashlib.sha256(weights.tobytes()).hexdigest() for weights in start.get_weights()] if start else []
    name = fingerprint(line_networks, train.digest, _training_options(recipe), *start_digests)
    return runs / f"checkpoint-lines-{name}.npz"


def _fit(
    recipe: LineRecipe,
    train: Digits,
    runs: Path,
    checkpoint: Path,
    on_stage: StageCallback,
    start: keras.Model | None,
) -> FittedLineNetwork:
    return fit_line_network(
        lambda: LineMixture(render_shards(recipe, train, runs, on_stage)),
        LinePlan(recipe.epochs, recipe.seed, LEARNING_RATE * (FINE_TUNING_RATE if start else 1)),
        checkpoint,
        lambda epoch, loss: on_stage(TrainingStage("training", (epoch + 1) / recipe.epochs, note=f"loss {loss:.3f}")),
        start,
    )


def _training_options(recipe: LineRecipe) -> dict[str, Any]:
    return {name: getattr(recipe, name) for name in ("lines", "epochs", "seed")}


def _describe_training(recipe: LineRecipe, fitted: FittedLineNetwork) -> dict[str, Any]:
    """Return the card's record of the training."""
    return {
        **_training_options(recipe),
        "seconds": round(fitted.seconds),
        "hardware": ", then ".join(fitted.machines),
        "losses": [round(loss, 4) for loss in fitted.losses],
    }


def render_shards(recipe: LineRecipe, digits: Digits, runs: Path, on_stage: StageCallback) -> StripDataset:
    """Render the strips with MNIST's digits in shards, each cached in `runs`."""
    name = fingerprint(line_datasets, digits.digest, recipe.seed)
    sizes = [min(SHARD, recipe.lines - start) for start in range(0, recipe.lines, SHARD)]
    paths = [runs / f"lines-{name}-{shard}-{size}.npz" for shard, size in enumerate(sizes)]
    missing = [shard for shard, path in enumerate(paths) if not path.exists()]
    with WorkerPool(Writers(digits)) as workers:
        seeds = [[recipe.seed, shard] for shard in missing]
        saved = workers.map(_save_shard, [paths[s] for s in missing], [sizes[s] for s in missing], seeds)
        for number, _ in enumerate(saved, start=1):
            on_stage(TrainingStage("rendering", number / len(missing)))
    return join_strips([load_strips(path) for path in paths])


def _save_shard(writers: Writers, path: Path, count: int, seed: list[int]) -> None:
    save_strips(path, render_strips(count, seed, writers))


def fit_line_temperature(engine: Engine, checks: StripDataset) -> float:
    """Return the temperature that calibrates the network's probability of a text: the least log loss of being right."""
    logits = [engine.classify_strips([checks.strip(i)])[0] for i in range(len(checks))]

    def log_loss(temperature: float) -> float:
        total = 0.0
        for strip_logits, truth in zip(logits, checks.texts, strict=True):
            text = decode_text(strip_logits, temperature, engine.signs)
            probability = min(max(text.confidence * text.signs_confidence, 1e-4), 1 - 1e-4)
            total -= np.log(probability if is_right(text, truth, engine.signs) else 1 - probability)
        return total / len(logits)

    return float(min(TEMPERATURES, key=log_loss))


def is_right(text: DecodedText, truth: str, signs: str) -> bool:
    """Tell if a text is what was written, as far as the network knows the signs in it."""
    known = "".join(character for character in truth if character.isdigit() or character in signs)
    return write_number("".join(map(str, text.digits)), text.signs) == known


def measure_lines(engine: Engine, checks: StripDataset) -> dict[str, float]:
    """Return the share of lines that the network reads exactly, with their signs and by their digits alone."""
    texts = [decode_text(engine.classify_strips([checks.strip(i)])[0], signs=engine.signs) for i in range(len(checks))]
    pairs = list(zip(texts, checks.texts, strict=True))
    with_sign = [is_right(text, truth, "".join(SIGNS)) for text, truth in pairs if not truth.isdigit() and truth]
    return {
        "validation_lines": len(checks),
        "validation_exact": float(np.mean([is_right(text, truth, engine.signs) for text, truth in pairs])),
        "validation_digits": float(np.mean([is_right(replace(text, signs=()), truth, "") for text, truth in pairs])),
        "validation_with_sign": float(np.mean(with_sign)) if with_sign else 0.0,
    }
