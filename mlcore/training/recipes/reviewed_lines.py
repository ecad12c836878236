"""The part of a quick training that fine-tunes the line network with numbers that people reviewed."""

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras

from mlcore.artifact import Artifact, save_artifact
from mlcore.reading.engine import Engine
from mlcore.reading.result import SIGNS
from mlcore.training.datasets.fingerprint import fingerprint
from mlcore.training.datasets.line_epochs import BATCH, LineMixture
from mlcore.training.datasets.lines import StripDataset
from mlcore.training.datasets.mnist import load_split
from mlcore.training.networks import line as line_networks
from mlcore.training.networks.export import load_keras_model
from mlcore.training.networks.line import (
    LINE_BLEND,
    FittedLineNetwork,
    LinePlan,
    build_compact_network,
    export_line_network,
    fit_line_network,
)
from mlcore.training.recipes.digit import SYNTHETIC_SEED, VALIDATION_SEED, LinePart
from mlcore.training.recipes.line import LineRecipe, fit_line_temperature, measure_lines, render_shards
from mlcore.training.recipes.stage import StageCallback, TrainingStage

EPOCHS = 4
RATE = 1e-3
POOL = 6_000  # synthetic strips; they are rendered once and kept
STRIPS_PER_EPOCH = 3_000
CHECKS = 200  # strips of validation digits, for the temperature and the card
MIN_STRIPS = 10  # fewer reviewed strips teach nothing


@dataclass(frozen=True)
class LineTuning:
    """The fine-tuning of the active model's line network, and where its files are."""

    base: Artifact
    reviewed: StripDataset
    checkpoints: Path
    runs: Path  # folder of rendered strips, which later trainings use as well
    data: Path | None
    seed: int
    effort: float

    @property
    def checkpoint(self) -> Path:
        """Return the path of the checkpoint, whose name changes with everything that the weights depend on."""
        files = [digest for name, digest in sorted(self.base.card.files.items()) if name.startswith("lines")]
        name = fingerprint(line_networks, self.reviewed.digest, self.seed, self.effort, EPOCHS, RATE, *files)
        return self.checkpoints / f"checkpoint-lines-{name}.npz"

    def scaled(self, count: int) -> int:
        return max(BATCH, round(count * self.effort))


def can_be_tuned(base: Artifact) -> bool:
    """Return whether the base has a line network that knows all signs, with the present layers."""
    network = base.card.networks.get("lines")
    if network is None or network.keras is None or network.signs != "".join(SIGNS):
        return False
    weights, present = (model.get_weights() for model in (load_keras_model(base, "lines"), build_compact_network()))
    return [w.shape for w in weights] == [w.shape for w in present]


def tune_lines(tuning: LineTuning, on_stage: StageCallback) -> LinePart:
    """Return the fine-tuned line network with its temperature, figures and record. It goes on from its checkpoint."""
    start = load_keras_model(tuning.base, "lines")
    fitted = _fit(tuning, start, on_stage)
    network, files = export_line_network(fitted.model, start)
    split = load_split(tuning.data)
    checks = LineRecipe(lines=tuning.scaled(CHECKS), seed=VALIDATION_SEED)
    strips = render_shards(checks, split.validation, tuning.runs, on_stage)
    base = tuning.base
    networks = {**base.card.networks, "lines": network}
    card = replace(base.card, version="draft", networks=networks, thresholds={})
    kept = {name: base.read_bytes(name) for name in base.card.files}
    with tempfile.TemporaryDirectory() as scratch:
        draft = save_artifact(Path(scratch) / "draft", card, {**kept, **files})
        temperature = fit_line_temperature(Engine(draft), strips)
        metrics = measure_lines(Engine(draft), strips)
    return LinePart(
        networks={"lines": network},
        files=files,
        thresholds={"line_temperature": temperature},
        training={"lines": _describe_training(tuning, fitted)},
        metrics={"lines": metrics},
        hashes={"corrected_lines": tuning.reviewed.digest},
    )


def _fit(tuning: LineTuning, start: keras.Model, on_stage: StageCallback) -> FittedLineNetwork:
    def prepare_strips() -> LineMixture:
        recipe = LineRecipe(lines=tuning.scaled(POOL), seed=SYNTHETIC_SEED)
        pool = render_shards(recipe, load_split(tuning.data).train, tuning.runs, on_stage)
        return LineMixture(pool, tuning.reviewed, tuning.scaled(STRIPS_PER_EPOCH))

    began_at: dict[int, float] = {}  # by epoch

    def on_batch(epoch: int, done: float) -> None:
        began_at.setdefault(epoch, time.monotonic())
        seconds = time.monotonic() - began_at[epoch]
        left = seconds * (EPOCHS - epoch - done) / done if done > 0.05 else None
        on_stage(TrainingStage(f"lines {epoch + 1}", done, left))

    plan = LinePlan(EPOCHS, tuning.seed, RATE)
    return fit_line_network(prepare_strips, plan, tuning.checkpoint, start=start, on_batch=on_batch)


def _describe_training(tuning: LineTuning, fitted: FittedLineNetwork) -> dict[str, Any]:
    """Return the card's record of the fine-tuning."""
    return {
        "lines": tuning.scaled(POOL),
        "lines_each_epoch": tuning.scaled(STRIPS_PER_EPOCH),
        "reviewed_lines": len(tuning.reviewed),
        "epochs": EPOCHS,
        "rate": RATE,
        "way": LINE_BLEND,
        "seed": tuning.seed,
        "seconds": round(fitted.seconds),
        "hardware": ", then ".join(fitted.machines),
        "losses": [round(loss, 4) for loss in fitted.losses],
        "start": {"version": tuning.base.version},
    }
