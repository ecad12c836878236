"""Comparison of files with rows. Files are removed only on request."""

import os
import time
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command

from mlcore.artifact import SHIPPED
from recognizer.models import ModelVersion, Upload
from recognizer.services.batches import intake
from recognizer.services.reading.images import ensure_picture, ensure_thumbnail
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.registry.model_files import find_folders, local_artifact
from recognizer.services.registry.model_versions import register_model
from recognizer.services.space import reconcile as reconcile_module
from recognizer.services.space.reconcile import reconcile
from tests.pictures import digit_png
from tests.recognizer.services.registry.artifacts import copy_shipped

pytestmark = pytest.mark.django_db
files_decide = pytest.mark.any_database

NO_GRACE = timedelta(0)


@pytest.fixture
def upload(alice, model, media) -> Upload:
    """An upload with its derived pictures, and a batch: every kind of file that a row records."""
    intake.add_files(intake.create_batch(owner=alice), [("a.png", ContentFile(digit_png(3, size=60)))])
    upload = create_prediction(owner=alice, data=digit_png(7, size=100), source="upload").upload
    ensure_picture(upload)
    ensure_thumbnail(upload)
    return upload


def create_stray_file(media: Path, name: str) -> Path:
    path = media / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"lost")
    return path


def test_files_with_rows_are_kept(upload, media):
    before = sorted(media.rglob("*"))
    report = reconcile(remove=True, grace=NO_GRACE)
    assert (report.files, report.without_row, report.without_file, report.removed) == (4, [], [], 0)
    assert sorted(media.rglob("*")) == before


@files_decide
def test_files_are_only_listed_unless_removal_is_requested(upload, media):
    lost = create_stray_file(media, "uploads/ab/0f0e5a34-0000-0000-0000-000000000000/original.png")
    report = reconcile(remove=False, grace=NO_GRACE)
    assert report.without_row == [str(lost.relative_to(media))]
    assert lost.exists()
    assert reconcile(remove=True, grace=NO_GRACE).removed == 1
    assert not lost.exists()


@files_decide
@pytest.mark.parametrize("name", ["original.png.part", ".x.part", "thumbnail.webp"])
def test_a_stray_file_beside_a_recorded_file_is_removed(upload, media, name):
    lost = media / Path(upload.original.name).parent / f"stray-{name}"
    lost.write_bytes(b"half")
    reconcile(remove=True, grace=NO_GRACE)
    assert not lost.exists()


@files_decide
def test_a_young_file_is_not_reported(upload, media):
    lost = create_stray_file(media, "feature-maps/ab/nobody/conv1.png")
    assert reconcile(remove=True).without_row == []
    yesterday = time.time() - 25 * 3600
    os.utime(lost, (yesterday, yesterday))
    assert reconcile(remove=True).removed == 1


def test_files_of_models_without_a_row_are_removed_after_a_day(upload, model, media, tmp_path):
    kept = register_model(copy_shipped(tmp_path / "digits-other"))
    of_earlier_release = register_model(copy_shipped(tmp_path / "digits-old", temperature=1.1))
    (media / of_earlier_release.stored_folder).rename(media / "models" / "old")
    (media / "models" / "old").rename(media / "models" / "digits-old")
    ModelVersion.objects.filter(pk=of_earlier_release.pk).update(folder="")
    before = sorted(path for path in media.rglob("*") if path.is_file())
    lost = [create_stray_file(media, f"models/digits-{name}/card.json") for name in ("gone", "other/half-stored")]
    assert reconcile(remove=True).without_row == []
    report = reconcile(remove=True, grace=NO_GRACE)
    assert report.without_row == [str(path.relative_to(media)) for path in lost]
    assert sorted(path for path in media.rglob("*") if path.is_file()) == before
    assert local_artifact(kept).digest == kept.digest


def test_a_model_whose_row_lost_its_folder_is_kept_and_found_again(model, media, tmp_path):
    other = register_model(copy_shipped(tmp_path / "digits-other"))
    create_stray_file(media, "models/digits-other/another/card.json")
    ModelVersion.objects.update(folder="")  # as after a way back to a release without the column
    assert reconcile(remove=True, grace=NO_GRACE).without_row == []
    find_folders()
    assert ModelVersion.objects.get(pk=other.pk).folder == other.folder
    assert ModelVersion.objects.get(pk=model.pk).folder == ""


@files_decide
def test_old_empty_folders_are_removed_and_young_ones_stay(upload, media):
    young, old = (media / "uploads" / "ab" / name for name in ("young", "old"))
    for folder in (young, old):
        folder.mkdir(parents=True)
    yesterday = time.time() - 25 * 3600
    os.utime(old, (yesterday, yesterday))
    reconcile(remove=True)
    assert young.exists()
    assert not old.exists()


@files_decide
def test_batches_are_listed_once(upload, monkeypatch):
    """Each list is a request for every thousand of them in an object store."""
    listed = []
    list_folders = reconcile_module.list_folders
    monkeypatch.setattr(reconcile_module, "list_folders", lambda name: listed.append(name) or list_folders(name))
    assert reconcile(remove=True, grace=NO_GRACE).files == 4
    assert listed.count("batches") == 1


@files_decide
def test_other_folders_are_ignored(upload, media):
    model = create_stray_file(media, f"models/{SHIPPED.name}/card.json")
    assert reconcile(remove=True, grace=NO_GRACE).removed == 0
    assert model.exists()


def test_a_row_without_its_file_is_reported(upload, media):
    (media / upload.thumbnail.name).unlink()
    assert reconcile(remove=True, grace=NO_GRACE).without_file == [upload.thumbnail.name]
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("reconcile_media", stdout=out, stderr=StringIO())
    assert ended.value.code == 1
    assert out.getvalue() == f"no file: {upload.thumbnail.name}\n"


@files_decide
def test_too_many_files_without_rows_are_removed_only_by_force(upload, media):
    for n in range(21):
        create_stray_file(media, f"uploads/ab/{n}/original.png")
    assert reconcile(remove=True, grace=NO_GRACE).removed == 0
    with pytest.raises(SystemExit) as ended:
        call_command("reconcile_media", "--remove", "--grace-hours=0", stdout=StringIO(), stderr=StringIO())
    assert ended.value.code == 3
    assert reconcile(remove=True, grace=NO_GRACE, force=True).removed == 21
