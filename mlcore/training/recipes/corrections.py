"""The recipe of a quick training: fine-tune the active model with corrected digits, then compare both models."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mlcore.artifact import Artifact, load_artifact
from mlcore.training.datasets.digits import DigitCounts
from mlcore.training.datasets.gate_pictures import GateCounts
from mlcore.training.datasets.lines import StripDataset
from mlcore.training.datasets.mnist import Digits
from mlcore.training.evaluation.calibrate import CalibrationCounts
from mlcore.training.evaluation.gate import GateResult
from mlcore.training.evaluation.held_back import HeldBack, HeldBackResult, compare_held_back
from mlcore.training.networks.fit import PLANS
from mlcore.training.recipes.digit import DigitRecipe, line_part_of, train_digit_network
from mlcore.training.recipes.gate import hold_gate
from mlcore.training.recipes.reviewed_lines import MIN_STRIPS, LineTuning, can_be_tuned, tune_lines
from mlcore.training.recipes.stage import StageCallback, TrainingStage

EPOCHS = 6
RATE = 1 / 3  # of the usual learning rate
POOL = 0.2  # share of the usual numbers of synthetic digits; they are rendered once and kept
IMAGES_PER_EPOCH = 20_000
CALIBRATION = CalibrationCounts(digits=2_000, negatives=1_000, numbers=500, numbers_for_weights=1_000)


@dataclass(frozen=True)
class QuickTraining:
    """A quick training: the model that it starts from, what it learns, and where its files are."""

    base: Artifact
    corrected: Digits
    corrected_from: Mapping[str, Any]  # how many pictures and people, for the card
    target: Path  # folder of the candidate; its name is the version
    checkpoints: Path  # folder of the checkpoint, of this training alone
    runs: Path  # folder of rendered digits, which later trainings use as well
    data: Path | None  # MNIST as an IDX folder or an .npz; None downloads it
    seed: int
    effort: float = 1.0  # share of the usual numbers of images, for trials
    lines: StripDataset | None = None  # strips of reviewed numbers; without them the line network is copied


def train_with_corrections(training: QuickTraining, command: str, on_stage: StageCallback) -> Artifact:
    """Return the candidate. A training that was interrupted goes on from its checkpoint, or returns what it saved.

    What it saved is removed if it learnt from other digits or numbers than it may learn from now.
    """
    tuning = plan_line_tuning(training)
    if training.target.exists():
        saved = load_artifact(training.target)
        if _learnt_from(saved) == (training.corrected.digest, tuning.reviewed.digest if tuning else None):
            return saved
        shutil.rmtree(training.target)
    lines = tune_lines(tuning, on_stage) if tuning else line_part_of(training.base)
    recipe = recipe_of(training)
    candidate = train_digit_network(
        recipe, lines, training.target, training.runs, command, on_stage, training.checkpoints
    )
    if tuning:
        tuning.checkpoint.unlink(missing_ok=True)
    return candidate


def plan_line_tuning(training: QuickTraining) -> LineTuning | None:
    """Return the fine-tuning of the line network, or None where the training copies it."""
    reviewed = training.lines
    if reviewed is None or len(reviewed) < MIN_STRIPS or not can_be_tuned(training.base):
        return None
    return LineTuning(
        training.base, reviewed, training.checkpoints, training.runs, training.data, training.seed, training.effort
    )


def _learnt_from(artifact: Artifact) -> tuple[str | None, str | None]:
    """Return the digests of the digits and of the strips that a candidate learnt from."""
    data = artifact.card.training["data"]
    return data.get("corrected"), data.get("corrected_lines")


def recipe_of(training: QuickTraining) -> DigitRecipe:
    plan = PLANS[training.base.card.networks["digit"].architecture]
    effort = training.effort
    return DigitRecipe(
        plan=replace(plan, epochs=EPOCHS, rate=plan.rate * RATE, seed=training.seed),
        synthetic=DigitCounts().scaled(POOL * effort),
        calibration=CalibrationCounts(*(max(40, round(count * effort)) for count in vars(CALIBRATION).values())),
        data=training.data,
        start=training.base,
        corrected=training.corrected,
        corrected_from=training.corrected_from,
        images_per_epoch=max(500, round(IMAGES_PER_EPOCH * effort)),
        thorough=False,
    )


def compare_candidate(
    training: QuickTraining,
    candidate: Artifact,
    held_back: HeldBack,
    on_stage: StageCallback,
    counts: GateCounts | None = None,
) -> tuple[GateResult, HeldBackResult]:
    """Hold the candidate against the model that it started from: no worse on the gate's pictures, better on these."""
    counts = counts or scale_gate(training.effort)
    gate = hold_gate(training.base, candidate, training.data, counts, training.runs, on_stage)
    better = compare_held_back(training.base, candidate, held_back, lambda: on_stage(TrainingStage("comparing", 1)))
    return replace(gate, checks=(*gate.checks, better.check)), better


def scale_gate(effort: float) -> GateCounts:
    """Return the numbers of the gate's pictures for this share of the usual effort."""
    usual = GateCounts()
    return GateCounts(
        max(1, round(usual.papers * effort)),
        max(20, round(usual.negatives * effort)),
        max(10, round(usual.numbers * effort)),
        max(20, round(usual.hands * effort)),
    )
