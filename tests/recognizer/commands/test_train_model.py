import importlib.util
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from mlcore.artifact import SHIPPED, load_artifact
from recognizer.management.commands import train_model
from recognizer.models import ModelVersion
from tests.training import Trained

pytest.importorskip("keras")
pytestmark = pytest.mark.django_db
NEXT = f"digits-{int(SHIPPED.name.rpartition('-')[2]) + 1}"


@pytest.fixture(autouse=True)
def apart(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs go to a folder of the test's own, and little is generated."""
    settings.BASE_DIR = tmp_path
    settings.MEDIA_ROOT = tmp_path / "media"
    monkeypatch.setattr(train_model, "QUICK_SHARE", 0.0005)
    monkeypatch.setattr(train_model, "QUICK_CALIBRATION", (40, 30, 10, 10))
    monkeypatch.setattr(train_model, "FINE_TUNING_SHARE", 1)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("train_model", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.trains
def test_it_leaves_a_registered_candidate(npz: Path, tmp_path: Path) -> None:
    said = run("--quick", "--epochs=1", "--seed=3", f"--data={npz}", "--architecture=classic")
    version = ModelVersion.objects.get(version=NEXT)
    assert version.state == ModelVersion.State.CANDIDATE
    assert version.card["training"]["seed"] == 3
    assert load_artifact(tmp_path / "runs" / NEXT, digest=version.digest)
    assert f"promote_model {NEXT}" in said


@pytest.mark.trains
def test_it_goes_on_from_another_model(trained: Trained, npz: Path, tmp_path: Path) -> None:
    start = f"--start={trained.artifact.folder}"
    run(start, "--quick", "--epochs=1", f"--data={npz}", f"--output={tmp_path / 'further'}")
    card = load_artifact(tmp_path / "further").card
    assert card.training["start"]["digest"] == trained.artifact.digest
    assert card.training["plan"]["rate"] < trained.recipe.plan.rate


@pytest.mark.trains
def test_it_does_not_go_on_from_another_architecture(trained: Trained, npz: Path, tmp_path: Path) -> None:
    start = f"--start={trained.artifact.folder}"
    with pytest.raises(CommandError, match="has other layers than classic"):
        run(start, "--quick", "--architecture=classic", f"--data={npz}", f"--output={tmp_path / 'further'}")


def test_a_dry_run_says_what_it_would_do_and_leaves_nothing(npz: Path, tmp_path: Path) -> None:
    said = run("--dry-run", f"--data={npz}")
    assert "810 images to learn from" in said
    assert "Nothing was trained." in said
    assert not (tmp_path / "runs").exists()


def test_without_tensorflow_it_says_the_one_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "tensorflow" else found(name))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    with pytest.raises(CommandError, match="Training needs TensorFlow: `make train-deps` installs it") as refused:
        run("--dry-run")
    assert refused.value.returncode == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--start=digits-99"], "There is no model digits-99"),
        (["--architecture=resnet"], "There is no architecture resnet"),
        (["--epochs=0"], "at least 1"),
        (["--data=/nowhere"], "neither a folder"),
        (["--extra=/nowhere", "--dry-run"], "holds no pictures"),
    ],
)
def test_wrong_usage_is_told_in_one_line(arguments: list[str], said: str, npz: Path) -> None:
    with pytest.raises(CommandError, match=said) as refused:
        run(*([f"--data={npz}"] if "--data=/nowhere" not in arguments else []), *arguments)
    assert refused.value.returncode == 2


def test_an_artifact_is_never_written_over(npz: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(CommandError, match="exists already"):
        run(f"--data={npz}", f"--output={tmp_path / 'taken'}")


def test_the_next_version_is_new_to_folder_and_database(tmp_path: Path) -> None:
    (tmp_path / "digits-4").mkdir()
    ModelVersion.objects.create(version="digits-90", digest="0" * 64, card={})
    assert train_model.next_folder(tmp_path).name == "digits-91"


@pytest.mark.trains
def test_evaluate_model_prints_and_keeps_its_figures(trained: Trained, npz: Path, tmp_path: Path) -> None:
    out = StringIO()
    folder = str(trained.artifact.folder)
    kept = f"--output={tmp_path / 'kept'}"
    call_command("evaluate_model", folder, f"--data={npz}", "--json", f"--report={tmp_path}", kept, stdout=out)
    found = json.loads(out.getvalue())
    assert found["test"]["accuracy"] == trained.artifact.card.metrics["test"]["accuracy"]
    assert json.loads((tmp_path / "metrics.json").read_text()) == found
    assert (tmp_path / "confusion.png").exists()
    again = load_artifact(tmp_path / "kept").card
    assert again.metrics["robustness"] == found["robustness"]
    assert again.files == trained.artifact.card.files


@pytest.mark.trains
def test_evaluate_model_in_words_has_the_table(trained: Trained, npz: Path, tmp_path: Path) -> None:
    out = StringIO()
    call_command("evaluate_model", str(trained.artifact.folder), f"--data={npz}", f"--report={tmp_path}", stdout=out)
    table = ("95 % interval", "ECE", "errors by digit", "read as PNG files", "on paper", "12×12 pixels", "by the gap")
    assert [words for words in table if words not in out.getvalue()] == []
