"""Tests of quick trainings with few images: what they do with the line network."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlcore.artifact import Artifact
from mlcore.training.datasets.lines import StripDataset, Writers, render_strips
from mlcore.training.datasets.mnist import Digits
from mlcore.training.recipes.stage import TrainingStage
from tests.training import Trained, needs_keras, write_digits

if TYPE_CHECKING:
    from mlcore.training.recipes.corrections import QuickTraining

pytestmark = [pytest.mark.trains, needs_keras, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def quick(trained: Trained, npz: Path, tmp_path_factory: pytest.TempPathFactory) -> "QuickTraining":
    from mlcore.training.recipes.corrections import QuickTraining

    folder = tmp_path_factory.mktemp("corrections")
    corrected = write_digits(20, seed=8)
    counts = {"digits": 20}
    return QuickTraining(trained.artifact, corrected, counts, folder / "learnt-1", folder, folder, npz, 1, effort=0.01)


@pytest.fixture(scope="module")
def reviewed(digits: Digits) -> StripDataset:
    return render_strips(12, 9, Writers(digits))


@pytest.fixture(scope="module")
def candidate(quick: "QuickTraining", reviewed: StripDataset) -> Artifact:
    return train(replace(quick, lines=reviewed))


def train(quick: "QuickTraining", on_stage=lambda stage: None) -> Artifact:
    from mlcore.training.recipes.corrections import train_with_corrections

    return train_with_corrections(quick, "a test", on_stage)


def lines_of(artifact: Artifact) -> list[bytes]:
    return [artifact.read_bytes(name) for name in ("lines.onnx", "lines.keras")]


@pytest.mark.parametrize("strips", [0, 9])
def test_without_corrected_numbers_the_line_network_is_copied(quick, reviewed, strips, tmp_path):
    few = StripDataset.of([(reviewed.strip(n), reviewed.texts[n]) for n in range(strips)]) if strips else None
    names: list[str] = []
    copied = train(replace(quick, target=tmp_path / "learnt-2", lines=few), lambda stage: names.append(stage.name))
    assert lines_of(copied) == lines_of(quick.base)
    assert copied.card.training["lines"] == quick.base.card.training["lines"]
    assert copied.card.thresholds["line_temperature"] == quick.base.card.thresholds["line_temperature"]
    assert not any(name.startswith("lines") for name in names)


def test_with_corrected_numbers_both_networks_are_fine_tuned(quick, reviewed, candidate):
    assert lines_of(candidate) != lines_of(quick.base)
    assert candidate.read_bytes("model.onnx") != quick.base.read_bytes("model.onnx")
    record = candidate.card.training
    assert record["lines"]["reviewed_lines"] == 12
    assert record["lines"]["start"] == {"version": "digits-9"}
    assert len(record["lines"]["losses"]) == record["lines"]["epochs"]
    assert record["data"]["corrected_lines"] == reviewed.digest
    assert candidate.card.metrics["lines"]["validation_lines"] == 64
    assert list(quick.checkpoints.glob("checkpoint-*")) == []


def test_a_fine_tuned_network_still_reads_lines(quick, reviewed, candidate):
    from mlcore.reading.engine import Engine
    from mlcore.training.recipes.line import measure_lines

    before, after = (measure_lines(Engine(model), reviewed) for model in (quick.base, candidate))
    assert after["validation_digits"] >= before["validation_digits"] - 0.2


def test_a_fine_tuning_that_was_interrupted_goes_on_with_the_same_weights(quick, reviewed, candidate, tmp_path):
    from mlcore.training.networks.export import load_keras_model

    def interrupt(stage: TrainingStage) -> None:
        if stage.name == "lines 2":
            raise KeyboardInterrupt

    again = replace(quick, lines=reviewed, checkpoints=tmp_path, target=tmp_path / "learnt-1")
    with pytest.raises(KeyboardInterrupt):
        train(again, interrupt)
    assert len(list(tmp_path.glob("checkpoint-lines-*"))) == 1
    names: list[str] = []
    resumed = train(again, lambda stage: names.append(stage.name))
    assert "lines 1" not in names
    assert "lines 2" in names
    weights, expected = (load_keras_model(model, "lines").get_weights() for model in (resumed, candidate))
    for one, other in zip(weights, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3)


def test_a_candidate_is_made_anew_without_lines_that_may_not_be_learnt_any_more(quick, reviewed, candidate, tmp_path):
    target = tmp_path / candidate.version
    shutil.copytree(candidate.folder, target)
    quick = replace(quick, target=target)
    assert train(replace(quick, lines=reviewed)).digest == candidate.digest
    fewer = StripDataset.of([(reviewed.strip(number), reviewed.texts[number]) for number in range(11)])
    anew = train(replace(quick, lines=fewer))
    assert anew.card.training["lines"]["reviewed_lines"] == 11
    assert train(quick).card.training["data"].get("corrected_lines") is None
