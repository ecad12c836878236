"""Parts of the training commands: the check for Keras, the option `--data`, progress and the gate."""

import importlib.util
import os
from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.management.base import CommandError, OutputWrapper

from recognizer.models import ModelVersion
from recognizer.services.learning.held_back_comparison import compare_on_held_back, store_comparison
from recognizer.services.registry.model_files import local_artifact

if TYPE_CHECKING:
    from mlcore.training.datasets.gate_pictures import GateCounts
    from mlcore.training.evaluation.gate import GateResult
    from mlcore.training.recipes.stage import TrainingStage

PACKAGES = {"tensorflow": "TensorFlow", "torch": "PyTorch", "keras": "Keras", "onnx": "ONNX"}
BAR_WIDTH = 30  # characters
STOPPED = "Stopped. Run the same command again to continue after the last complete epoch."


def require_backend() -> None:
    """Raise a CommandError unless Keras, its backend and ONNX are installed."""
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    missing = [PACKAGES[name] for name in ("keras", backend, "onnx") if not importlib.util.find_spec(name)]
    if missing:
        raise CommandError(f"Training needs {' and '.join(missing)}: `make train-deps` installs it.", returncode=2)


def add_data_option(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--data", type=Path, metavar="PATH", help="MNIST as a folder of IDX files or an .npz; downloaded by default"
    )


def show_stage(output: OutputWrapper, stage: "TrainingStage") -> None:
    """Draw a progress bar over the last one, on a terminal only."""
    if not output.isatty():
        return
    filled = round(BAR_WIDTH * stage.done)
    left = f", {stage.seconds_left / 60:.0f} min left" if stage.seconds_left is not None else ""
    bar = f"[{'#' * filled}{'.' * (BAR_WIDTH - filled)}]"
    output.write(f"\r{stage.name} {bar} {stage.done:.0%}{left} {stage.note}\033[K", ending="")
    if stage.done >= 1:
        output.write("")


def compare_with_active(
    candidate: ModelVersion, data: Path | None, counts: "GateCounts", output: OutputWrapper
) -> "GateResult | None":
    """Compare a candidate with the active model and keep the result; None if no other model is active.

    A candidate of a training is also compared on people's pictures, with what they have reviewed until now.
    """
    from mlcore.training.recipes.gate import hold_gate

    active = ModelVersion.objects.filter(state=ModelVersion.State.ACTIVE).exclude(pk=candidate.pk).first()
    if active is None:
        return None
    artifacts = local_artifact(active), local_artifact(candidate)
    result = hold_gate(*artifacts, data, counts, Path(settings.TRAINING_ROOT), partial(show_stage, output))
    return store_comparison(active, candidate, result, compare_on_held_back(active, candidate))


def format_gate(result: "GateResult") -> str:
    """Return the verdict and a line for each check."""
    verdict = "Passed: it is shown to be no worse." if result.passed else "Not passed: it is not shown to be no worse."
    rows = [
        f"  {'ok    ' if check.passed else 'FAILED'} {check.name:20} active {check.active:.4f}, "
        f"candidate {check.candidate:.4f}, compared {check.bound:.4f} with the limit {check.limit:.4f}"
        for check in result.checks
    ]
    return "\n".join([verdict, *rows])
