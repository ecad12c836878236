"""Tests of model versions: registered, activated one at a time, refused when damaged, noticed by every process."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.urls import reverse

from mlcore.artifact import ArtifactError, load_artifact
from recognizer.models import ModelVersion
from recognizer.problems import Problem
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.registry import model_files
from recognizer.services.registry.model_files import local_artifact
from recognizer.services.registry.model_versions import (
    ModelCache,
    activate_version,
    models,
    register_model,
    register_shipped_model,
)
from recognizer.services.registry.promotion import promote_model
from recognizer.storage.disk import AtomicFileSystemStorage
from tests.pictures import digit_png
from tests.recognizer.services.registry.artifacts import copy_shipped

pytestmark = pytest.mark.django_db


@pytest.fixture
def other_folder(tmp_path) -> Path:
    return copy_shipped(tmp_path / "digits-other")


@pytest.fixture
def cache() -> ModelCache:
    """The cache of a process that asks the database every time."""
    cache = ModelCache()
    cache.ASK_EVERY_SECONDS = 0
    return cache


def damage(folder: Path) -> None:
    network = folder / "model.onnx"
    data = bytearray(network.read_bytes())
    data[len(data) // 2] ^= 1
    network.write_bytes(data)


def test_the_shipped_model_is_activated_only_if_no_other_is_active(model, other_folder):
    other = register_model(other_folder)
    promote_model(other, reason="test")
    register_shipped_model()
    assert ModelVersion.objects.get(state=ModelVersion.State.ACTIVE) == other


def test_a_new_version_is_a_candidate_until_it_is_promoted(model, other_folder, media, cache):
    other = register_model(other_folder)
    assert cache.active_model().version == model
    promote_model(other, reason="test")
    assert cache.active_model().version == other
    assert cache.active_model().reader.read(digit_png(7)).model == "digits-other"


def test_promoting_the_version_before_goes_back(model, other_folder, media, cache):
    promote_model(register_model(other_folder), reason="test")
    call_command("promote_model", model.version)
    assert cache.active_model().version == model
    assert ModelVersion.objects.filter(state=ModelVersion.State.ACTIVE).count() == 1


def test_a_damaged_artifact_is_not_registered(model, other_folder, media):
    damage(other_folder)
    with pytest.raises(ArtifactError):
        register_model(other_folder)


def test_the_files_of_a_registered_version_are_never_overwritten(model, other_folder, media, tmp_path):
    other = register_model(other_folder)
    folder = Path(default_storage.path(other.stored_folder))
    before = {path: path.read_bytes() for path in folder.parent.rglob("*") if path.is_file()}
    with pytest.raises(IntegrityError), transaction.atomic():
        register_model(copy_shipped(tmp_path / "again" / other.version, temperature=1.3))
    assert {path: path.read_bytes() for path in folder.parent.rglob("*") if path.is_file()} == before
    assert local_artifact(other).digest == other.digest


def test_a_version_damaged_in_storage_is_not_promoted(model, other_folder, media):
    other = register_model(other_folder)
    damage(Path(default_storage.path(other.stored_folder)))
    with pytest.raises(CommandError) as raised:
        call_command("promote_model", other.version, "--force=test")
    assert raised.value.returncode == 3
    model.refresh_from_db()
    assert model.state == ModelVersion.State.ACTIVE


def test_a_folder_swapped_together_with_its_card_is_refused(model, other_folder, media):
    """The card's hashes agree with its files, but not with the digest in the database."""
    other = register_model(other_folder)
    stored = Path(default_storage.path(f"{other.stored_folder}/card.json"))
    card = json.loads(stored.read_text())
    stored.write_text(json.dumps(card | {"temperature": 9.0}))
    load_artifact(stored.parent)
    with pytest.raises(ArtifactError):
        promote_model(other, reason="test")


def test_the_old_model_keeps_serving_when_the_new_one_is_damaged(model, other_folder, media, cache):
    assert cache.active_model().version == model
    other = register_model(other_folder)
    damage(Path(default_storage.path(other.stored_folder)))
    ModelVersion.objects.filter(pk=model.pk).update(state=ModelVersion.State.RETIRED)
    ModelVersion.objects.filter(pk=other.pk).update(state=ModelVersion.State.ACTIVE)
    assert cache.active_model().version == model


def test_a_loaded_model_goes_on_when_its_files_vanish_and_explanations_wait(
    model, other_folder, media, settings, tmp_path, alice, alice_client, monkeypatch
):
    for name, value in {"loaded": {}, "active": None, "asked_at": -float("inf")}.items():
        monkeypatch.setattr(models, name, value)
    settings.MODEL_CACHE_ROOT = tmp_path / "models"
    other = register_model(other_folder)
    promote_model(other, reason="test")
    prediction = create_prediction(owner=alice, data=digit_png(7), source="upload")
    assert prediction.model == other
    folders = (tmp_path / "models", Path(default_storage.path("models")))
    for folder in folders:
        folder.rename(f"{folder}-away")

    models.loaded.clear()  # as three other versions do
    assert create_prediction(owner=alice, data=digit_png(3), source="upload").model == other
    page = reverse("why", args=[prediction.glyphs.get().pk])
    answer = alice_client.get(page)
    assert answer.status_code == 503
    assert "model" in answer.context["problem"].detail

    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)  # an empty one, of an attempt to copy the files
        Path(f"{folder}-away").rename(folder)
    assert alice_client.get(page).status_code == 200


def test_a_loaded_model_is_loaded_again_where_its_files_were_copied_anew(
    model, cache, settings, tmp_path, other_folder
):
    settings.MODEL_CACHE_ROOT = tmp_path / "models"
    other = register_model(other_folder)
    promote_model(other, reason="test")
    folder = cache.active_model().reader.engine.artifact.folder
    shutil.rmtree(tmp_path / "models")
    assert cache.model(other).reader.engine.artifact.folder.is_dir()
    assert cache.active_model().reader.engine.artifact.folder == folder
    assert folder.is_dir()


@pytest.fixture
def during_fetch(settings, tmp_path, monkeypatch) -> Callable[[Callable[[], object]], list[object]]:
    """A function that runs another once while a model is fetched from the storage, and keeps what it returns."""
    settings.MODEL_CACHE_ROOT = tmp_path / "models"
    fetch = model_files._copy_from_storage

    def run_during_fetch(action: Callable[[], object]) -> list[object]:
        results: list[object] = []

        def fetch_slowly(*arguments: Any) -> None:
            if not results:
                results.append(None)  # the action may fetch as well
                results[0] = action()
            fetch(*arguments)

        monkeypatch.setattr(model_files, "_copy_from_storage", fetch_slowly)
        return results

    return run_during_fetch


def test_reading_goes_on_while_an_old_model_is_fetched(model, other_folder, media, cache, during_fetch):
    other = register_model(other_folder)
    with ThreadPoolExecutor(1) as threads:
        fetched = threading.Event()

        def wait_for_reading() -> bool:
            return fetched.wait(timeout=20)

        results = during_fetch(wait_for_reading)
        explaining = threads.submit(cache.model, other)
        while not (results or explaining.done()):
            time.sleep(0.01)
        read = cache.active_model().reader.read(digit_png(7))
        fetched.set()
        assert explaining.result().version == other
    assert read.model == model.version
    assert results == [True]


def test_reading_goes_on_while_a_model_that_was_promoted_is_fetched(model, other_folder, media, cache, during_fetch):
    assert cache.active_model().version == model
    other = register_model(other_folder)
    activate_version(other)
    with ThreadPoolExecutor(1) as threads:
        results = during_fetch(lambda: threads.submit(cache.active_model).result(timeout=20).version)
        assert cache.active_model().version == other
    assert results == [model]


def test_without_any_model_the_problem_is_model_unavailable(db, cache):
    ModelVersion.objects.all().delete()
    with pytest.raises(Problem) as raised:
        cache.active_model()
    assert (raised.value.code, raised.value.status) == ("model_unavailable", 503)


def test_a_version_with_predictions_cannot_be_deleted(model, alice, media):
    create_prediction(owner=alice, data=digit_png(7), source="upload")
    with pytest.raises(ProtectedError):
        model.delete()


WATCH = """
import os, sys, time
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
import django
django.setup()
from recognizer.services.registry.model_versions import models
last = None
while True:
    version = models.active_model().version.version
    if version != last:
        print(version, flush=True)
        last = version
    time.sleep(0.05)
"""


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_the_files_are_stored(model, other_folder, media, monkeypatch):
    save, in_transaction = AtomicFileSystemStorage._save, []

    def note_and_save(*arguments: Any) -> str:
        in_transaction.append(connection.in_atomic_block)
        return save(*arguments)

    monkeypatch.setattr(AtomicFileSystemStorage, "_save", note_and_save)
    register_model(other_folder)
    assert in_transaction == [False] * 6


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_two_processes_notice_each_promotion(model, other_folder, media, same_database):
    other = register_model(other_folder)
    environment = os.environ | same_database
    watchers = [
        subprocess.Popen([sys.executable, "-c", WATCH], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    try:
        assert [read_version(watcher) for watcher in watchers] == [model.version] * 2
        for version in (other, model):
            promote_model(version, reason="test")
            assert [read_version(watcher) for watcher in watchers] == [version.version] * 2
    finally:
        for watcher in watchers:
            watcher.kill()
            watcher.wait()


def read_version(watcher: subprocess.Popen[str]) -> str:
    assert watcher.stdout is not None
    return watcher.stdout.readline().strip()
