"""Files of a version that several processes miss at once, or that do not fit; a name that is taken."""

import json
import logging
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.files.storage import default_storage

from mlcore.artifact import SHIPPED
from recognizer.models import ModelVersion
from recognizer.problems import Problem
from recognizer.services.registry.model_versions import (
    ModelCache,
    local_artifact,
    register_model,
    register_shipped_model,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(model, media, tmp_path) -> ModelVersion:
    """Trained here: the shipped network under another name."""
    return register_model(renamed(tmp_path, "digits-other"))


def renamed(tmp_path: Path, name: str, **said: object) -> Path:
    folder = tmp_path / name
    shutil.copytree(SHIPPED, folder)
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(card | {"version": name, **said}))
    return folder


def test_all_that_miss_it_at_once_find_it(other, settings):
    """Threads stand for processes: the lock knows no difference."""
    together = threading.Barrier(8, timeout=60)

    def fetch(_number: int) -> str:
        together.wait()
        return local_artifact(other).digest

    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            shutil.rmtree(settings.MODEL_CACHE_ROOT, ignore_errors=True)
            assert set(pool.map(fetch, range(8))) == {other.digest}


def test_a_copy_that_was_cut_off_is_made_again(other, settings):
    local_artifact(other)
    (settings.MODEL_CACHE_ROOT / other.digest / "model.onnx").write_bytes(b"half")
    assert local_artifact(other).digest == other.digest
    assert {path.name for path in settings.MODEL_CACHE_ROOT.iterdir()} == {other.digest, f"{other.digest}.lock"}


@pytest.fixture
def full_disk(settings, tmp_path) -> None:
    """No folder can be made where a file is."""
    (tmp_path / "disk").touch()
    settings.MODEL_CACHE_ROOT = tmp_path / "disk" / "models"


def test_the_old_model_goes_on_serving_where_the_new_one_does_not_fit(model, other, full_disk):
    cache = ModelCache()
    cache.ASK_EVERY_SECONDS = 0
    assert cache.active_model().version == model
    ModelVersion.objects.filter(pk=model.pk).update(state=ModelVersion.State.RETIRED)
    ModelVersion.objects.filter(pk=other.pk).update(state=ModelVersion.State.ACTIVE)
    assert cache.active_model().version == model


def test_a_past_version_that_does_not_fit_is_said_in_words(other, full_disk):
    with pytest.raises(Problem, match="cannot be loaded"):
        ModelCache().model(other)


def test_files_that_are_gone_from_storage_are_said_in_words(other):
    shutil.rmtree(default_storage.path("models"))
    with pytest.raises(Problem, match="cannot be loaded"):
        ModelCache().model(other)


def test_a_name_that_another_network_has_is_told(model, media, tmp_path, caplog):
    ModelVersion.objects.all().delete()
    mine = register_model(renamed(tmp_path, SHIPPED.name, temperature=9.0))
    with caplog.at_level(logging.ERROR):
        register_shipped_model()
    assert f"The shipped model {SHIPPED.name} is not registered" in caplog.text
    assert ModelVersion.objects.get() == mine
    mine.delete()  # as the words advise
    register_shipped_model()
    assert ModelVersion.objects.get().shipped


def test_a_name_that_is_its_own_is_not_told(model, caplog):
    register_shipped_model()
    assert not caplog.text
