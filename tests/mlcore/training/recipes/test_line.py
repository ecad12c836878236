"""A line network trained on a few lines, beside a digit network that stays the same."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlcore.artifact import Artifact, load_artifact
from mlcore.training.evaluation.calibrate import CalibrationCounts
from mlcore.training.recipes.stage import TrainingStage
from tests.training import Trained, needs_keras

if TYPE_CHECKING:
    from mlcore.training.recipes.line import LineRecipe

pytestmark = [pytest.mark.trains, needs_keras]


@dataclass(frozen=True)
class Lines:
    recipe: "LineRecipe"
    base: Artifact
    artifact: Artifact
    runs: Path


@pytest.fixture(scope="module")
def lines(trained: Trained, npz: Path, tmp_path_factory: pytest.TempPathFactory) -> Lines:
    from mlcore.training.recipes.line import LineRecipe, train_line_network

    runs = tmp_path_factory.mktemp("lines")
    counts = CalibrationCounts(40, 30, 6, 6)
    recipe = LineRecipe(lines=70, epochs=1, data=npz, checks=5, calibration=counts, thorough=False)
    base = trained.artifact
    return Lines(recipe, base, train_line_network(recipe, base, runs / "digits-20", runs, lambda stage: None), runs)


def test_the_artifact_is_valid_and_named_after_its_folder(lines: Lines) -> None:
    assert load_artifact(lines.artifact.folder, digest=lines.artifact.digest).version == "digits-20"


def test_only_the_line_network_changes(lines: Lines) -> None:
    before, after = (artifact.card.networks for artifact in (lines.base, lines.artifact))
    assert after["digit"] == before["digit"]
    assert lines.artifact.read_bytes("model.onnx") == lines.base.read_bytes("model.onnx")
    assert lines.artifact.read_bytes("lines.onnx") != lines.base.read_bytes("lines.onnx")


def test_the_card_records_training_and_figures(lines: Lines) -> None:
    card = lines.artifact.card
    assert card.training["lines"].items() >= {"lines": 70, "epochs": 1, "seed": 1}.items()
    assert card.training["seed"] == lines.base.card.training["seed"]
    assert card.metrics["lines"]["validation_lines"] == 5
    assert {"line_temperature", "read", "number_read", "say_cut_digit"} <= set(card.thresholds)


def test_a_training_interrupted_after_its_last_epoch_does_not_train_again(lines: Lines, tmp_path: Path) -> None:
    from mlcore.training.recipes.line import train_line_network

    def interrupt(stage: TrainingStage) -> None:
        if stage.name == "fitting thresholds":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_line_network(lines.recipe, lines.base, tmp_path / "digits-21", lines.runs, interrupt)
    stages: list[TrainingStage] = []
    again = train_line_network(lines.recipe, lines.base, tmp_path / "digits-21", lines.runs, stages.append)
    assert {stage.name for stage in stages} == {"fitting thresholds", "evaluating"}
    assert list(lines.runs.glob("checkpoint-*")) == []
    assert again.read_bytes("lines.onnx") == lines.artifact.read_bytes("lines.onnx")
    assert again.card.thresholds == lines.artifact.card.thresholds


def test_keep_fits_only_the_thresholds(lines: Lines, tmp_path: Path) -> None:
    from mlcore.training.recipes.line import train_line_network

    keep = replace(lines.recipe, keep=True, seed=5)
    refitted = train_line_network(keep, lines.artifact, tmp_path / "digits-22", lines.runs, lambda stage: None)
    assert refitted.read_bytes("lines.onnx") == lines.artifact.read_bytes("lines.onnx")
    assert refitted.card.training["lines"] == lines.artifact.card.training["lines"]
    assert refitted.card.thresholds != lines.artifact.card.thresholds


def test_further_fine_tunes_the_line_network_of_the_base(lines: Lines, tmp_path: Path) -> None:
    from mlcore.training.networks.export import load_keras_model
    from mlcore.training.recipes.line import train_line_network

    further = replace(lines.recipe, further=True, seed=2)
    tuned = train_line_network(further, lines.artifact, tmp_path / "digits-23", lines.runs, lambda stage: None)
    before, after = (
        load_keras_model(artifact, "lines").get_layer("classes").get_weights()[0]
        for artifact in (lines.artifact, tuned)
    )
    assert 0 < np.abs(after - before).max() < 0.02  # two steps; from random weights it would be ten times as much
    start = tuned.card.training["lines"]["start"]
    assert start == {"version": "digits-20", **lines.artifact.card.training["lines"]}
    assert lines.artifact.card.training["lines"]["start"] is None
