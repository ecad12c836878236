"""Upgrades from a release that shipped digits-7: with its files in the storage, in the tree, and nowhere."""

import shutil
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from mlcore.artifact import SHIPPED, load_artifact
from recognizer.models import Glyph, ModelVersion
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.registry import model_files
from recognizer.services.registry.model_files import store_artifact, store_shipped_artifacts
from recognizer.services.registry.model_versions import models
from recognizer.storage.disk import AtomicFileSystemStorage
from tests.pictures import digit_png
from tests.recognizer.services.registry.artifacts import copy_shipped

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

GONE = "The files of model digits-7 no longer exist, so what it saw cannot be shown."


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has loaded no model yet."""
    for name, value in {"loaded": {}, "active": None, "asked_at": -float("inf"), "ASK_EVERY_SECONDS": 0.0}.items():
        monkeypatch.setattr(models, name, value)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the shipped models in the earlier release."""
    folder = tmp_path / "artifacts"
    copy_shipped(folder / "digits-7")
    monkeypatch.setattr(model_files, "SHIPPED_FOLDER", folder)
    return folder


@pytest.fixture
def digits_7(tree: Path, media: Path) -> ModelVersion:
    """The active version in the earlier release's database. Its files are in that release's tree alone."""
    artifact = load_artifact(tree / "digits-7")
    return ModelVersion.objects.create(
        version="digits-7",
        digest=artifact.digest,
        card=artifact.card_as_dict(),
        shipped=True,
        state=ModelVersion.State.ACTIVE,
    )


@pytest.fixture
def old_glyph(digits_7: ModelVersion, alice) -> Glyph:
    """A digit that digits-7 has read."""
    return create_prediction(owner=alice, data=digit_png(7), source="upload").glyphs.get()


def upgrade(tree: Path) -> None:
    """Start the new release in a process of its own, after `manage.py prepare`; its tree has digits-8 alone."""
    models.loaded.clear()
    models.active = None
    shutil.rmtree(tree)
    shutil.copytree(SHIPPED, tree / SHIPPED.name)
    call_command("prepare")


def active_version() -> str:
    return ModelVersion.objects.get(state=ModelVersion.State.ACTIVE).version


def explanation_urls(glyph: Glyph) -> tuple[str, str]:
    """Return the page and the API's address of the glyph's explanation."""
    return reverse("why", args=[glyph.pk]), f"/api/v1/predictions/{glyph.prediction_id}/glyphs/0/explanation/"


def test_with_its_files_in_the_storage_digits_7_stays_active(tree, digits_7, old_glyph, client: Client, alice):
    store_artifact(load_artifact(tree / "digits-7"), digits_7.stored_folder, [])
    upgrade(tree)
    assert active_version() == "digits-7"
    assert ModelVersion.objects.get(version=SHIPPED.name).state == ModelVersion.State.CANDIDATE
    assert models.active_model().reader.read(digit_png(7)).model == "digits-7"
    client.force_login(alice)
    for url in explanation_urls(old_glyph):
        assert client.get(url).status_code == 200


def test_without_its_files_the_shipped_model_becomes_active(tree, digits_7, old_glyph, client: Client, alice, caplog):
    upgrade(tree)
    assert active_version() == SHIPPED.name
    assert "The files of the active model digits-7 no longer exist" in caplog.text
    digits_7.refresh_from_db()
    assert digits_7.state == ModelVersion.State.RETIRED
    assert create_prediction(owner=alice, data=digit_png(7), source="upload").model.version == SHIPPED.name


def test_without_its_files_explanations_of_its_answers_say_so(tree, old_glyph, client: Client, alice):
    upgrade(tree)
    client.force_login(alice)
    page, api = (client.get(url) for url in explanation_urls(old_glyph))
    assert page.status_code == 410
    assert GONE in page.content.decode()
    assert api.status_code == 410
    assert api.json()["code"] == "model_gone"
    assert api.json()["detail"].startswith(GONE)
    # The answer itself is still shown, and the current model explains the same digit.
    assert client.get(reverse("upload_detail", args=[old_glyph.prediction.upload_id])).status_code == 200
    assert client.get(f"{explanation_urls(old_glyph)[0]}?model={SHIPPED.name}").status_code == 200


def test_prepare_stores_every_registered_model_of_the_tree(tree, digits_7):
    shutil.copytree(SHIPPED, tree / SHIPPED.name)
    call_command("prepare")
    for version in ModelVersion.objects.all():
        stored = Path(default_storage.path(version.stored_folder))
        assert load_artifact(stored, digest=version.digest)
    upgrade(tree)
    assert active_version() == "digits-7"


def test_prepare_completes_a_copy_that_was_interrupted_and_writes_none_twice(tree, digits_7):
    store_shipped_artifacts()
    stored = Path(default_storage.path("models/digits-7"))
    (stored / "card.json").unlink()
    (stored / "model.onnx").write_bytes(b"half")
    store_shipped_artifacts()
    assert load_artifact(stored, digest=digits_7.digest)
    written = (stored / "card.json").stat().st_mtime_ns
    store_shipped_artifacts()
    assert (stored / "card.json").stat().st_mtime_ns == written


def test_damaged_files_of_the_active_model_are_left_to_a_person(tree, digits_7):
    store_artifact(load_artifact(tree / "digits-7"), digits_7.stored_folder, [])
    Path(default_storage.path("models/digits-7/model.onnx")).write_bytes(b"damaged")
    upgrade(tree)
    assert active_version() == "digits-7"


def test_a_full_disk_does_not_stop_prepare(tree, digits_7, monkeypatch, capsys):
    def fail(*_arguments: object) -> str:
        raise OSError("No space left on device")

    monkeypatch.setattr(AtomicFileSystemStorage, "_save", fail)
    call_command("prepare")
    assert "could not be copied into the storage: No space left" in capsys.readouterr().err
