"""Tests of the files of model versions: fetched by several processes at once, missing, too large for the disk."""

import logging
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.files.storage import default_storage

from mlcore.artifact import SHIPPED
from recognizer.models import ModelVersion
from recognizer.problems import Problem
from recognizer.services.registry.model_files import local_artifact
from recognizer.services.registry.model_versions import ModelCache, register_model, register_shipped_model
from tests.recognizer.services.registry.artifacts import copy_shipped

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(model, media, tmp_path) -> ModelVersion:
    """A version that was trained here: the shipped networks under another name."""
    return register_model(copy_shipped(tmp_path / "digits-other"))


def test_processes_that_fetch_a_version_at_once_all_get_it(other, settings):
    """Threads stand in for processes, since the file lock treats both alike."""
    barrier = threading.Barrier(8, timeout=60)

    def fetch(_number: int) -> str:
        barrier.wait()
        return local_artifact(other).digest

    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            shutil.rmtree(settings.MODEL_CACHE_ROOT, ignore_errors=True)
            assert set(pool.map(fetch, range(8))) == {other.digest}


def test_an_incomplete_copy_is_fetched_again(other, settings):
    local_artifact(other)
    (settings.MODEL_CACHE_ROOT / other.digest / "model.onnx").write_bytes(b"half")
    assert local_artifact(other).digest == other.digest
    assert {path.name for path in settings.MODEL_CACHE_ROOT.iterdir()} == {other.digest, f"{other.digest}.lock"}


@pytest.fixture
def full_disk(settings, tmp_path) -> None:
    """A cache folder that cannot be created, because a file is in its place."""
    (tmp_path / "disk").touch()
    settings.MODEL_CACHE_ROOT = tmp_path / "disk" / "models"


def test_the_old_model_keeps_serving_if_the_new_one_does_not_fit(model, other, full_disk):
    cache = ModelCache()
    cache.ASK_EVERY_SECONDS = 0
    assert cache.active_model().version == model
    ModelVersion.objects.filter(pk=model.pk).update(state=ModelVersion.State.RETIRED)
    ModelVersion.objects.filter(pk=other.pk).update(state=ModelVersion.State.ACTIVE)
    assert cache.active_model().version == model


def test_a_past_version_that_does_not_fit_is_reported(other, full_disk):
    with pytest.raises(Problem, match="cannot be loaded"):
        ModelCache().model(other)


def test_files_that_are_gone_from_the_storage_are_reported(other):
    shutil.rmtree(default_storage.path("models"))
    with pytest.raises(Problem, match="no longer exist") as raised:
        ModelCache().model(other)
    assert raised.value.status == 410


def test_another_network_under_the_shipped_name_is_reported(model, media, tmp_path, caplog):
    ModelVersion.objects.all().delete()
    trained_here = register_model(copy_shipped(tmp_path / SHIPPED.name, temperature=9.0))
    with caplog.at_level(logging.ERROR):
        register_shipped_model()
    assert f"The shipped model {SHIPPED.name} is not registered" in caplog.text
    assert ModelVersion.objects.get() == trained_here
    trained_here.delete()  # as the message advises
    register_shipped_model()
    assert ModelVersion.objects.get().shipped


def test_registering_the_shipped_model_again_reports_nothing(model, caplog):
    register_shipped_model()
    assert not caplog.text
