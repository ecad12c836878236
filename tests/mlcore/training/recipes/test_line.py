"""A line network trained on a handful of lines, upon a digit network that stays as it is."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from mlcore.artifact import Artifact, load_artifact
from tests.training import Trained

pytest.importorskip("keras")

from mlcore.training.datasets.mnist import Digits
from mlcore.training.evaluation.calibrate import Counts
from mlcore.training.networks.export import keras_model
from mlcore.training.recipes.line import LineRecipe, Stage, train_lines

pytestmark = pytest.mark.trains


@dataclass(frozen=True)
class Lines:
    recipe: LineRecipe
    base: Artifact
    artifact: Artifact
    runs: Path


@pytest.fixture(scope="module")
def lines(trained: Trained, digits: Digits, tmp_path_factory: pytest.TempPathFactory) -> Lines:
    runs = tmp_path_factory.mktemp("lines")
    few = runs / "few.npz"  # the fewer are tested, the fewer numbers are set of them: an untrained network is slow
    test = digits[np.unique(digits.labels, return_index=True)[1]]
    np.savez(few, x_train=digits.images, y_train=digits.labels, x_test=test.images, y_test=test.labels)
    recipe = LineRecipe(lines=70, epochs=1, data=few, checks=5, calibration=Counts(40, 30, 6, 6), thorough=False)
    base = trained.artifact
    return Lines(recipe, base, train_lines(recipe, base, runs / "digits-20", runs, lambda stage: None), runs)


def test_the_artifact_verifies_and_is_called_as_its_folder(lines: Lines) -> None:
    assert load_artifact(lines.artifact.folder, digest=lines.artifact.digest).version == "digits-20"


def test_only_the_line_network_is_another(lines: Lines) -> None:
    before, after = (artifact.card.networks for artifact in (lines.base, lines.artifact))
    assert after["digit"] == before["digit"]
    assert lines.artifact.read_bytes("model.onnx") == lines.base.read_bytes("model.onnx")
    assert lines.artifact.read_bytes("lines.onnx") != lines.base.read_bytes("lines.onnx")


def test_the_card_says_how_it_was_trained_and_measured(lines: Lines) -> None:
    card = lines.artifact.card
    assert card.training["lines"].items() >= {"lines": 70, "epochs": 1, "seed": 1}.items()
    assert card.training["seed"] == lines.base.card.training["seed"]
    assert card.metrics["lines"]["validation_lines"] == 5
    assert {"line_temperature", "read", "number_read", "say_cut_digit"} <= set(card.thresholds)


def test_interrupted_after_its_last_epoch_it_does_not_train_again(lines: Lines, tmp_path: Path) -> None:
    def interrupt(stage: Stage) -> None:
        if stage.name == "fitting thresholds":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_lines(lines.recipe, lines.base, tmp_path / "digits-21", lines.runs, interrupt)
    stages: list[Stage] = []
    again = train_lines(lines.recipe, lines.base, tmp_path / "digits-21", lines.runs, stages.append)
    assert {stage.name for stage in stages} == {"fitting thresholds", "evaluating"}
    assert list(lines.runs.glob("checkpoint-*")) == []
    assert again.read_bytes("lines.onnx") == lines.artifact.read_bytes("lines.onnx")
    assert again.card.thresholds == lines.artifact.card.thresholds


def test_the_thresholds_alone_can_be_fitted_anew(lines: Lines, tmp_path: Path) -> None:
    keep = replace(lines.recipe, keep=True, seed=5)
    kept = train_lines(keep, lines.artifact, tmp_path / "digits-22", lines.runs, lambda stage: None)
    assert kept.read_bytes("lines.onnx") == lines.artifact.read_bytes("lines.onnx")
    assert kept.card.training["lines"] == lines.artifact.card.training["lines"]
    assert kept.card.thresholds != lines.artifact.card.thresholds


def test_it_can_learn_on_from_the_bases_line_network(lines: Lines, tmp_path: Path) -> None:
    further = replace(lines.recipe, further=True, seed=2)
    learnt = train_lines(further, lines.artifact, tmp_path / "digits-23", lines.runs, lambda stage: None)
    before, after = (
        keras_model(artifact, "lines").get_layer("classes").get_weights()[0] for artifact in (lines.artifact, learnt)
    )
    assert 0 < np.abs(after - before).max() < 0.02  # two steps away; another beginning would lie ten times as far
    start = learnt.card.training["lines"]["start"]
    assert start == {"version": "digits-20", **lines.artifact.card.training["lines"]}
    assert lines.artifact.card.training["lines"]["start"] is None
