"""The recipe of a digit network: data, synthetic digits, fit, calibration, evaluation and artifact."""

import platform
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcore.artifact import Artifact, ArtifactError, Card, Network, save_artifact
from mlcore.reading.engine import NOT_A_DIGIT, to_scores
from mlcore.training.datasets.digits import DigitCounts, render_digits
from mlcore.training.datasets.epochs import Mixture, mix_corrected
from mlcore.training.datasets.lines import Writers
from mlcore.training.datasets.mnist import Digits, Split, concatenate, load_folder, load_split
from mlcore.training.evaluation.calibrate import CalibrationCounts, fit_thresholds
from mlcore.training.evaluation.evaluate import evaluate_artifact, fit_digit_temperature, measure_calibration
from mlcore.training.networks.digit import build_digit_network
from mlcore.training.networks.export import export_digit_network, load_keras_model
from mlcore.training.networks.fit import (
    BLEND,
    PLANS,
    DigitPlan,
    Epoch,
    FittedDigitNetwork,
    Progress,
    fit_digit_network,
    predict_logits,
)
from mlcore.training.recipes.stage import StageCallback, TrainingStage

SYNTHETIC_SEED, VALIDATION_SEED = 1, 2  # synthetic digits do not depend on the training's seed
VALIDATION_SHARE = 0.05  # of the numbers of synthetic digits, for validation
FRAME = {"side": 28, "longest": 20, "centre": "mass", "ink": 255}
PACKAGES = ("keras", "tensorflow-cpu", "tensorflow", "torch", "numpy", "opencv-python-headless", "onnx", "onnxruntime")


@dataclass(frozen=True)
class DigitRecipe:
    """The options of a training: network, data and effort."""

    plan: DigitPlan = PLANS["digitscribe"]
    synthetic: DigitCounts = field(default_factory=DigitCounts)
    synthetic_per_epoch: int = 40_000
    calibration: CalibrationCounts = field(default_factory=CalibrationCounts)
    data: Path | None = None  # MNIST as an IDX folder or an .npz; None downloads it
    extra: Path | None = None  # folder of the user's own labelled pictures
    start: Artifact | None = None  # model to fine-tune
    corrected: Digits | None = None  # digits that people confirmed or corrected; the others are then replayed
    corrected_from: Mapping[str, Any] = field(default_factory=dict)  # how many pictures and people, for the card
    images_per_epoch: int = 20_000  # of a training with corrected digits
    thorough: bool = True  # measures robustness and the reading of whole pictures as well


@dataclass(frozen=True)
class TrainingData:
    """The images of a training, and the hash of each part of them."""

    split: Split
    mixture: Mixture
    validation: Digits  # MNIST's and synthetic ones
    hashes: dict[str, str]


@dataclass(frozen=True)
class LinePart:
    """A line network with its files and its entries in the card, to be put into an artifact."""

    networks: dict[str, Network] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    thresholds: dict[str, float] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)  # of the data that it was trained on in this training


def line_part_of(artifact: Artifact) -> LinePart:
    """Return all of the artifact that belongs to its line network."""
    card = artifact.card
    networks = {name: network for name, network in card.networks.items() if name != "digit"}
    files = [file for net in networks.values() for file in (net.onnx, net.keras, net.kernels) if file]
    return LinePart(
        networks,
        {file: artifact.read_bytes(file) for file in files},
        {name: value for name, value in card.thresholds.items() if name == "line_temperature"},
        {name: value for name, value in card.training.items() if name == "lines"},
        {name: value for name, value in card.metrics.items() if name == "lines"},
    )


def prepare_data(recipe: DigitRecipe, runs: Path, on_stage: StageCallback) -> TrainingData:
    """Load MNIST and the extra pictures, and render the synthetic digits or load them from the cache in `runs`."""
    split = load_split(recipe.data)
    extra = [load_folder(recipe.extra)] if recipe.extra else []

    def on_progress(done: float) -> None:
        on_stage(TrainingStage("generating", done))

    synthetic = render_digits(recipe.synthetic, split.train, SYNTHETIC_SEED, runs, on_progress)
    checks = render_digits(recipe.synthetic.scaled(VALIDATION_SHARE), split.validation, VALIDATION_SEED, runs)
    hashes = {"train": split.train.digest, "validation": split.validation.digest, "test": split.test.digest,
              "generated": synthetic.digest, "generated_validation": checks.digest}  # fmt: skip
    if extra:
        hashes["extra"] = extra[0].digest
    digits = concatenate([split.train, *extra])
    reduced_from = recipe.plan.epochs * 2 // 3
    if recipe.corrected is None:
        mixture = Mixture(digits, synthetic, recipe.synthetic_per_epoch, reduced_from=reduced_from)
    else:
        hashes["corrected"] = recipe.corrected.digest
        replayed = concatenate([digits, synthetic])
        mixture = mix_corrected(recipe.corrected, replayed, recipe.images_per_epoch, recipe.plan.seed, reduced_from)
    return TrainingData(split, mixture, concatenate([split.validation, checks]), hashes)


def train_digit_network(
    recipe: DigitRecipe,
    lines: LinePart,
    target: Path,
    runs: Path,
    command: str,
    on_stage: StageCallback,
    checkpoints: Path | None = None,
) -> Artifact:
    """Train a digit network and save the artifact at `target`, named after the folder.

    It gets the line network of `lines`; without one it reads single digits only. After Ctrl-C it has the best weights
    so far. `command` is recorded in the card. The checkpoint is kept in `runs`, like
    the rendered digits, unless another folder is given for it.
    """
    data = prepare_data(recipe, runs, on_stage)

    def on_progress(progress: Progress) -> None:
        epoch = asdict(progress.last) if progress.last else None
        on_stage(TrainingStage("training", progress.done, progress.seconds_left, _describe_epoch(progress.last), epoch))

    start = _start_weights(recipe.start, recipe.plan.architecture) if recipe.start else None
    fitted = fit_digit_network(recipe.plan, data.mixture, data.validation, checkpoints or runs, on_progress, start)
    network, files = export_digit_network(fitted.model, recipe.plan.architecture)
    files |= lines.files
    logits = predict_logits(fitted.model, data.validation.images)
    temperature = fit_digit_temperature(logits, data.validation.labels)
    card = Card(
        version=target.name,
        networks={"digit": network, **lines.networks},
        temperature=temperature,
        thresholds=lines.thresholds,
        frame=FRAME,
        training={**_describe_training(recipe, data, lines, fitted, command), **lines.training},
        metrics={"validation": _measure_validation(data, logits, temperature), **lines.metrics},
    )
    on_stage(TrainingStage("evaluating", 0, epoch=asdict(fitted.history[-1])))
    with tempfile.TemporaryDirectory() as scratch:
        draft = save_artifact(Path(scratch) / "draft", card, files)
        if lines.networks:
            writers = Writers(data.split.validation)
            thresholds = fit_thresholds(draft, writers, recipe.plan.seed, recipe.calibration)
            card = replace(card, thresholds={**lines.thresholds, **thresholds})
            draft = save_artifact(Path(scratch) / "calibrated", card, files)
        metrics = evaluate_artifact(draft, data.split.test, thorough=recipe.thorough)
    artifact = save_artifact(target, replace(card, metrics={**card.metrics, **metrics}), files)
    fitted.checkpoint.unlink(missing_ok=True)
    return artifact


def _start_weights(start: Artifact, architecture: str) -> list[NDArray[np.float32]]:
    weights: list[NDArray[np.float32]] = load_keras_model(start, "digit").get_weights()
    if [w.shape for w in weights] != [w.shape for w in build_digit_network(architecture).get_weights()]:
        raise ArtifactError(f"{start.version} has other layers than {architecture} and cannot be fine-tuned as one.")
    return weights


def _describe_epoch(last: Epoch | None) -> str:
    return f"validation {last.validation_accuracy:.2%}" if last else ""


def _measure_validation(data: TrainingData, logits: NDArray[np.float32], temperature: float) -> dict[str, float]:
    """Return the accuracy on MNIST's held-out digits and on synthetic ones, on which every choice is based."""
    mnist = len(data.split.validation)
    labels = data.validation.labels
    right = logits.argmax(axis=1) == labels
    digits = labels < NOT_A_DIGIT
    probabilities = to_scores(logits[digits], temperature).probabilities
    return {
        "mnist": float(right[:mnist].mean()),
        "generated": float(right[mnist:].mean()),
        "both": float(right.mean()),
        "ece": measure_calibration(probabilities, labels[digits]).error,
    }


def _describe_training(
    recipe: DigitRecipe, data: TrainingData, lines: LinePart, fitted: FittedDigitNetwork, command: str
) -> dict[str, Any]:
    """Return the card's record of the training."""
    return {
        "command": command,
        "seed": recipe.plan.seed,
        "start": _describe_start(recipe.start) if recipe.start else None,
        "plan": asdict(recipe.plan),
        "augmentation": asdict(data.mixture.augmentation),
        "generated": asdict(recipe.synthetic),
        "generated_each_epoch": recipe.synthetic_per_epoch,
        "images_each_epoch": data.mixture.size,
        "data": data.hashes | lines.hashes,
        "corrected": dict(recipe.corrected_from) or None,
        "interrupted": fitted.interrupted,
        "history": [asdict(epoch) for epoch in fitted.history],
        "seconds": round(sum(epoch.seconds for epoch in fitted.history)),  # includes epochs before an interruption
        "made": datetime.now(UTC).strftime("%Y-%m-%d"),
        "hardware": ", then ".join(fitted.machines),
        "python": platform.python_version(),
        "packages": dict(_installed_packages()),
    }


def _describe_start(start: Artifact) -> dict[str, Any]:
    """Return the card's record of the fine-tuned model and of the data it was trained on."""
    training = start.card.training
    earlier_data = ((training.get("start") or {}).get("data") or {}).items()
    data = {part: digest for part, digest in earlier_data if part == "extra"} | training.get("data", {})
    facts = {name: training.get(name) for name in ("command", "seconds", "made")}
    return {"digest": start.digest, "way": BLEND, "data": data, **facts}


def _installed_packages() -> Iterator[tuple[str, str]]:
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            yield name, package_version(name)
