"""The recipe of the gate: render its pictures, let both models read them, and compare."""

from pathlib import Path

import numpy as np

from mlcore.artifact import Artifact
from mlcore.training.datasets.gate_hands import render_hands
from mlcore.training.datasets.gate_pictures import SEED, GateCounts, render_gate_pictures
from mlcore.training.datasets.lines import Writers
from mlcore.training.datasets.mnist import load_split
from mlcore.training.evaluation.calibrate import render_numbers
from mlcore.training.evaluation.gate import GateResult, compare_outcomes
from mlcore.training.evaluation.outcomes import measure_outcomes
from mlcore.training.recipes.stage import StageCallback, TrainingStage


def hold_gate(
    active: Artifact, candidate: Artifact, data: Path | None, counts: GateCounts, runs: Path, on_stage: StageCallback
) -> GateResult:
    """Compare a candidate with the active model on validation digits, which neither was trained on."""
    validation = load_split(data).validation

    def on_progress(done: float) -> None:
        on_stage(TrainingStage("rendering the gate's pictures", done))

    pictures = render_gate_pictures(validation, counts, runs, on_progress)
    hands = render_hands(counts.hands, runs)
    on_stage(TrainingStage("comparing", 0))
    numbers = render_numbers(Writers(validation), counts.numbers, np.random.default_rng([SEED, 79]))
    result = compare_outcomes(*measure_outcomes([active, candidate], pictures, hands, numbers))
    on_stage(TrainingStage("comparing", 1))
    return result
