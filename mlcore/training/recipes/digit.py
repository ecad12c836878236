"""A whole training: data, generated digits, fit, evaluation, artifact. The command line and tests are its doors."""

import platform
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcore.artifact import SHIPPED, Artifact, ArtifactError, Card, Network, load_artifact, save_artifact
from mlcore.reading.engine import NOT_A_DIGIT, scores
from mlcore.training.datasets import digits as pool
from mlcore.training.datasets.epochs import Mixture
from mlcore.training.datasets.lines import Writers
from mlcore.training.datasets.mnist import Digits, Split, joined, load_folder, load_split
from mlcore.training.evaluation import evaluate
from mlcore.training.evaluation.calibrate import Counts, fit_thresholds
from mlcore.training.networks.digit import build
from mlcore.training.networks.export import exported, keras_model
from mlcore.training.networks.fit import PLANS, WAY, Epoch, Fitted, Plan, fit, predict_logits

POOL_SEED, VALIDATION_POOL_SEED = 1, 2  # the generated digits are data: the same whatever the training's seed
FRAME = {"side": 28, "longest": 20, "centre": "mass", "ink": 255}
PACKAGES = ("keras", "tensorflow-cpu", "tensorflow", "torch", "numpy", "opencv-python-headless", "onnx", "onnxruntime")


@dataclass(frozen=True)
class Recipe:
    """What is trained, on what, and how far."""

    plan: Plan = PLANS["digitscribe"]
    generated: pool.Amounts = field(default_factory=pool.Amounts)
    share: int = 40_000  # generated images an epoch
    calibration: Counts = field(default_factory=Counts)  # pictures that thresholds are fitted on
    data: Path | None = None  # IDX folder or .npz; None downloads MNIST
    extra: Path | None = None  # labelled pictures of one's own
    start: Artifact | None = None  # goes on from its weights
    thorough: bool = True  # robustness and reading whole pictures as well


@dataclass(frozen=True)
class Stage:
    """What to show of a long run."""

    name: str
    done: float  # 0..1
    seconds_left: float | None = None
    note: str = ""


Report = Callable[[Stage], None]


@dataclass(frozen=True)
class Material:
    split: Split
    mixture: Mixture
    validation: Digits  # MNIST's and generated ones
    hashes: dict[str, str]


def prepare(recipe: Recipe, runs: Path, report: Report) -> Material:
    split = load_split(recipe.data)
    own = [load_folder(recipe.extra)] if recipe.extra else []

    def told(done: float) -> None:
        report(Stage("generating", done))

    written = pool.generate(recipe.generated, split.train, POOL_SEED, runs, told)
    checks = pool.generate(recipe.generated.scaled(0.05), split.validation, VALIDATION_POOL_SEED, runs)
    hashes = {"train": split.train.digest, "validation": split.validation.digest, "test": split.test.digest,
              "generated": written.digest, "generated_validation": checks.digest}  # fmt: skip
    if own:
        hashes["extra"] = own[0].digest
    mixture = Mixture(joined([split.train, *own]), written, recipe.share, calm_from=recipe.plan.epochs * 2 // 3)
    return Material(split, mixture, joined([split.validation, checks]), hashes)


def train(recipe: Recipe, version: str, target: Path, runs: Path, command: str, report: Report) -> Artifact:
    """Leaves the artifact at `target`. Interrupted, it makes one of the best weights so far."""
    material = prepare(recipe, runs, report)
    fitted = fit(
        recipe.plan,
        material.mixture,
        material.validation,
        runs,
        lambda p: report(Stage("training", p.done, p.seconds_left, _described(p.last))),
        _weights(recipe.start, recipe.plan.architecture) if recipe.start else None,
    )
    network, files = exported(fitted.model, recipe.plan.architecture)
    lines = _carried()
    files |= lines.files
    logits = predict_logits(fitted.model, material.validation.images)
    temperature = evaluate.fit_temperature(logits, material.validation.labels)
    card = Card(
        version=version,
        networks={"digit": network, **lines.networks},
        temperature=temperature,
        thresholds=lines.thresholds,
        frame=FRAME,
        training={**_told(recipe, material, fitted, command), **lines.training},
        metrics={"validation": _validated(material, logits, temperature), **lines.metrics},
    )
    report(Stage("evaluating", 0))
    with tempfile.TemporaryDirectory() as scratch:
        draft = save_artifact(Path(scratch) / "draft", card, files)
        if lines.networks:
            writers = Writers(material.split.validation)
            fitted_thresholds = fit_thresholds(draft, writers, recipe.plan.seed, recipe.calibration)
            card = replace(card, thresholds={**lines.thresholds, **fitted_thresholds})
            draft = save_artifact(Path(scratch) / version, card, files)
        measured = evaluate.examine(draft, material.split.test, thorough=recipe.thorough)
    artifact = save_artifact(target, replace(card, metrics={**card.metrics, **measured}), files)
    fitted.checkpoint.unlink(missing_ok=True)
    return artifact


def _weights(start: Artifact, architecture: str) -> list[NDArray[np.float32]]:
    weights: list[NDArray[np.float32]] = keras_model(start, "digit").get_weights()
    if [w.shape for w in weights] != [w.shape for w in build(architecture).get_weights()]:
        raise ArtifactError(f"{start.version} has other layers than {architecture}: it cannot be gone on from.")
    return weights


def _described(last: Epoch | None) -> str:
    return f"validation {last.validation_accuracy:.2%}" if last else ""


@dataclass(frozen=True)
class Carried:
    """The shipped model's network of lines and what its card says of it: this training makes only that of digits."""

    networks: dict[str, Network] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    thresholds: dict[str, float] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)


def _carried() -> Carried:
    try:
        shipped = load_artifact(SHIPPED)
    except ArtifactError:
        return Carried()
    card = shipped.card
    networks = {name: network for name, network in card.networks.items() if name != "digit"}
    names = [n for net in networks.values() for n in (net.onnx, net.keras, net.kernels) if n]
    return Carried(
        networks,
        {name: shipped.read_bytes(name) for name in names},
        {name: value for name, value in card.thresholds.items() if name == "line_temperature"},
        {name: told for name, told in card.training.items() if name == "lines"},
        {name: found for name, found in card.metrics.items() if name == "lines"},
    )


def _validated(material: Material, logits: NDArray[np.float32], temperature: float) -> dict[str, float]:
    """On MNIST's held-out part and on generated sheets: what every choice was made by."""
    mnist = len(material.split.validation)
    labels = material.validation.labels
    right = logits.argmax(axis=1) == labels
    digits = labels < NOT_A_DIGIT
    shares = scores(logits[digits], temperature).probabilities
    return {
        "mnist": float(right[:mnist].mean()),
        "generated": float(right[mnist:].mean()),
        "both": float(right.mean()),
        "ece": evaluate.calibration(shares, labels[digits]).error,
    }


def _told(recipe: Recipe, material: Material, fitted: Fitted, command: str) -> dict[str, Any]:
    return {
        "command": command,
        "seed": recipe.plan.seed,
        "start": _origin(recipe.start) if recipe.start else None,
        "plan": asdict(recipe.plan),
        "augmentation": asdict(material.mixture.amounts),
        "generated": asdict(recipe.generated),
        "generated_each_epoch": recipe.share,
        "images_each_epoch": material.mixture.size,
        "data": material.hashes,
        "interrupted": fitted.interrupted,
        "history": [asdict(epoch) for epoch in fitted.history],
        "seconds": round(sum(epoch.seconds for epoch in fitted.history)),  # also of epochs before an interruption
        "made": datetime.now(UTC).strftime("%Y-%m-%d"),
        "hardware": ", then ".join(fitted.machines),
        "python": platform.python_version(),
        "packages": dict(_installed()),
    }


def _origin(start: Artifact) -> dict[str, Any]:
    told = start.card.training
    before = ((told.get("start") or {}).get("data") or {}).items()
    data = {part: digest for part, digest in before if part == "extra"} | told.get("data", {})
    about = {name: told.get(name) for name in ("command", "seconds", "made")}
    return {"digest": start.digest, "way": WAY, "data": data, **about}


def _installed() -> Iterator[tuple[str, str]]:
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            yield name, package_version(name)
