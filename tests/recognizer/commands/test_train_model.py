import importlib.util
import json
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from mlcore.artifact import SHIPPED, load_artifact, save_artifact
from recognizer.management.commands import train_model
from recognizer.models import ModelVersion
from recognizer.services.explaining.training_digits import TrainingDigitsCache
from tests.training import Trained, needs_keras

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.any_database,
    needs_keras,
]
NEXT = f"digits-{int(SHIPPED.name.rpartition('-')[2]) + 1}"


@pytest.fixture(autouse=True)
def isolate(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write runs to a folder of the test, and render few synthetic digits."""
    settings.TRAINING_ROOT = tmp_path / "runs"
    settings.MEDIA_ROOT = tmp_path / "media"
    monkeypatch.setattr(train_model, "QUICK_SHARE", 0.0005)
    monkeypatch.setattr(train_model, "QUICK_CALIBRATION", (40, 30, 10, 10))
    monkeypatch.setattr(train_model, "QUICK_GATE", (1, 20, 10, 2))
    monkeypatch.setattr(train_model, "FINE_TUNING_SHARE", 1)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("train_model", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.trains
def test_a_training_registers_a_candidate(npz: Path, tmp_path: Path) -> None:
    from mlcore.training.datasets.mnist import load_split

    output = run("--quick", "--epochs=1", "--seed=3", f"--data={npz}", "--architecture=classic")
    version = ModelVersion.objects.get(version=NEXT)
    assert version.state == ModelVersion.State.CANDIDATE
    assert version.card["training"]["seed"] == 3
    assert load_artifact(tmp_path / "runs" / NEXT, digest=version.digest)
    assert f"promote_model {NEXT}" in output
    digits = TrainingDigitsCache().fetch(version)
    assert digits is not None
    assert len(digits.images) == len(digits.labels) == len(digits.vectors) == len(load_split(npz).train)


@pytest.mark.trains
def test_start_fine_tunes_another_model(trained: Trained, npz: Path, tmp_path: Path) -> None:
    start = f"--start={trained.artifact.folder}"
    digit_alone = replace(trained.artifact.card, networks={"digit": trained.artifact.card.networks["digit"]})
    files = {name: trained.artifact.read_bytes(name) for name in ("model.onnx", "model.keras", "weights.npz")}
    lines = f"--lines={save_artifact(tmp_path / 'digit-alone', digit_alone, files).folder}"
    run(start, lines, "--quick", "--epochs=1", f"--data={npz}", f"--output={tmp_path / 'further'}")
    card = load_artifact(tmp_path / "further").card
    assert set(card.networks) == {"digit"}  # it has the line network that `--lines` named, which is none
    assert card.training["start"]["digest"] == trained.artifact.digest
    assert card.training["plan"]["rate"] < trained.recipe.plan.rate


@pytest.mark.trains
def test_another_architecture_cannot_be_fine_tuned(trained: Trained, npz: Path, tmp_path: Path) -> None:
    start = f"--start={trained.artifact.folder}"
    with pytest.raises(CommandError, match="has other layers than classic"):
        run(start, "--quick", "--architecture=classic", f"--data={npz}", f"--output={tmp_path / 'further'}")


def test_a_dry_run_prints_the_plan_and_writes_nothing(npz: Path, tmp_path: Path) -> None:
    output = run("--dry-run", f"--data={npz}")
    assert "810 training images" in output
    assert "Nothing was trained." in output
    assert not (tmp_path / "runs").exists()


def test_without_tensorflow_the_error_names_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "tensorflow" else find_spec(name))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    with pytest.raises(CommandError, match="Training needs TensorFlow: `make train-deps` installs it") as failure:
        run("--dry-run")
    assert failure.value.returncode == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--start=digits-99"], "There is no model digits-99"),
        (["--lines=digits-99"], "There is no model digits-99"),
        (["--architecture=resnet"], "There is no architecture resnet"),
        (["--epochs=0"], "at least 1"),
        (["--data=/nowhere"], "neither a folder"),
        (["--extra=/nowhere", "--dry-run"], "holds no pictures"),
    ],
)
def test_wrong_usage_is_an_error(arguments: list[str], message: str, npz: Path) -> None:
    with pytest.raises(CommandError, match=message) as failure:
        run(*([f"--data={npz}"] if "--data=/nowhere" not in arguments else []), *arguments)
    assert failure.value.returncode == 2


def test_an_artifact_is_never_overwritten(npz: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(CommandError, match="exists already"):
        run(f"--data={npz}", f"--output={tmp_path / 'taken'}")


def test_the_next_version_is_new_to_the_folder_and_the_database(tmp_path: Path) -> None:
    (tmp_path / "digits-4").mkdir()
    ModelVersion.objects.create(version="digits-90", digest="0" * 64, card={})
    assert train_model.next_folder(tmp_path).name == "digits-91"


@pytest.mark.trains
def test_evaluate_model_prints_and_saves_its_figures(trained: Trained, npz: Path, tmp_path: Path) -> None:
    out = StringIO()
    folder = str(trained.artifact.folder)
    output = f"--output={tmp_path / 'copy'}"
    call_command("evaluate_model", folder, f"--data={npz}", "--json", f"--report={tmp_path}", output, stdout=out)
    printed = json.loads(out.getvalue())
    assert printed["test"]["accuracy"] == trained.artifact.card.metrics["test"]["accuracy"]
    assert json.loads((tmp_path / "metrics.json").read_text()) == printed
    assert (tmp_path / "confusion.png").exists()
    card = load_artifact(tmp_path / "copy").card
    assert card.metrics["robustness"] == printed["robustness"]
    assert card.files == trained.artifact.card.files


@pytest.mark.trains
def test_evaluate_model_prints_all_figures_as_text(trained: Trained, npz: Path, tmp_path: Path) -> None:
    out = StringIO()
    call_command("evaluate_model", str(trained.artifact.folder), f"--data={npz}", f"--report={tmp_path}", stdout=out)
    table = ("95 % interval", "ECE", "errors by digit", "read as PNG files", "on paper", "12×12 pixels", "by the gap")
    assert [words for words in table if words not in out.getvalue()] == []


def test_the_card_tells_no_folder_of_the_machine():
    arguments = ["train_model", "--data", "/srv/data/mnist", "--output=/srv/out/digits-5", "--start", "out/digits-4"]
    recorded = train_model.recorded_command(arguments)
    assert recorded == "manage.py train_model --data mnist --output=digits-5 --start out/digits-4"
