"""Parts that the training commands share: the check for Keras, the option `--data`, the progress bar and embeddings."""

import importlib.util
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import TYPE_CHECKING

from django.core.management.base import CommandError, OutputWrapper

from recognizer.models import ModelVersion
from recognizer.services.explaining.training_digits import store_training_digits

if TYPE_CHECKING:
    from mlcore.training.recipes.stage import TrainingStage

PACKAGES = {"tensorflow": "TensorFlow", "torch": "PyTorch", "keras": "Keras", "onnx": "ONNX"}
BAR_WIDTH = 30  # characters
EMBEDDED_DIGITS = 20_000  # 22 MB on the disk
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


def embed_training_digits(version: ModelVersion, data: Path | None, count: int = EMBEDDED_DIGITS) -> int:
    """Embed some of MNIST's training digits, which every model learns from, and return their number."""
    from mlcore.training.datasets.mnist import load_split

    train = load_split(data).train[:count]  # they are in random order
    store_training_digits(version, train.images, train.labels)
    return len(train)
