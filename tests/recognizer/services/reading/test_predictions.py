"""Tests of creating predictions: all rows and files are stored, or none."""

import errno
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import OperationalError, connection, transaction
from PIL import Image

from recognizer.models import FeatureMap, IdempotencyRecord, Job, Prediction, Upload
from recognizer.problems import Problem
from recognizer.services.reading import images
from recognizer.services.reading.images import ensure_picture, ensure_thumbnail
from recognizer.services.reading.predictions import create_prediction, read_picture, replace_current, save_reading
from tests.pictures import digit_png

pytestmark = pytest.mark.django_db


def stored_files(media: Path) -> list[Path]:
    return [path for path in media.rglob("*") if path.is_file() and path.name != ".gitignore"]


def test_an_image_becomes_an_upload_a_prediction_and_glyphs(alice, model, media):
    data = digit_png(7, size=200)
    prediction = create_prediction(owner=alice, data=data, source="upload", name="seven.png")
    assert (prediction.owner, prediction.upload.owner, prediction.model) == (alice, alice, model)
    assert prediction.upload.original.open("rb").read() == data
    assert (prediction.upload.width, prediction.upload.height) == (200, 200)
    assert prediction.text == "".join(str(glyph.digit) for glyph in prediction.glyphs.all())
    assert [path.name for path in stored_files(media)] == ["original.png"]


def test_the_thumbnail_is_small_and_created_once(alice, model, media):
    upload = create_prediction(owner=alice, data=digit_png(7, size=400), source="upload").upload
    made = ensure_thumbnail(upload)
    assert max(Image.open(made).size) <= 160
    upload.original.delete(save=False)
    assert ensure_thumbnail(Upload.objects.get()) == made


def test_a_thumbnail_that_another_request_has_stored_survives_an_error_of_the_database(
    alice, model, media, monkeypatch
):
    upload = create_prediction(owner=alice, data=digit_png(7, size=400), source="upload").upload
    late = Upload.objects.get()  # read before the other request has named the file
    made = ensure_thumbnail(upload)

    def fail(owner_id: int, size: int) -> None:
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(images, "add_bytes", fail)
    with pytest.raises(OperationalError):
        ensure_thumbnail(late)
    assert made.storage.exists(Upload.objects.get().thumbnail.name)


def test_maps_are_requested_only_if_wanted(alice, model, media):
    create_prediction(owner=alice, data=digit_png(7), source="api")
    assert not Job.objects.exists()
    create_prediction(owner=alice, data=digit_png(7), source="upload", draw_maps=True)
    assert Job.objects.get().state == Job.State.WAITING
    assert FeatureMap.objects.filter(drawn_at=None).count() == FeatureMap.objects.count() > 0


def test_a_damaged_image_leaves_nothing(alice, model, media):
    with pytest.raises(Problem) as raised:
        create_prediction(owner=alice, data=digit_png(7)[:200], source="upload")
    assert raised.value.code == "corrupt_image"
    assert not Upload.objects.exists()
    assert not stored_files(media)


def test_no_file_remains_if_the_rows_are_not_written(alice, model, media):
    lost = IdempotencyRecord(user=alice, key="k-1", fingerprint="x")  # as if another process had taken it over
    data = digit_png(7)
    with pytest.raises(Problem) as raised:
        save_reading(read_picture(data), owner=alice, data=data, source="upload", record=lost)
    assert raised.value.code == "idempotency_key_in_use"
    assert not Upload.objects.exists()
    assert not stored_files(media)


def test_a_full_disk_is_reported_as_storage_full(alice, model, media, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(FileSystemStorage, "save", full)
    with pytest.raises(Problem) as raised:
        create_prediction(owner=alice, data=digit_png(7), source="upload")
    assert (raised.value.code, raised.value.status) == ("storage_full", 507)


def test_a_database_that_has_become_read_only_is_reported(alice, model, media):
    data = digit_png(7)
    create_prediction(owner=alice, data=data, source="upload")
    read_only = {"sqlite": "PRAGMA query_only=1", "postgresql": "SET TRANSACTION READ ONLY"}
    with pytest.raises(Problem) as raised, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(read_only[connection.vendor])
        create_prediction(owner=alice, data=data, source="upload")
    if connection.vendor == "sqlite":
        connection.cursor().execute("PRAGMA query_only=0")
    assert (raised.value.code, raised.value.status) == ("database_unavailable", 503)
    assert len(stored_files(media)) == 1


def test_a_second_reading_keeps_the_first(alice, model, media):
    data = digit_png(7)
    first = create_prediction(owner=alice, data=data, source="upload")
    second = replace_current(first.upload, read_picture(data, "digit"), draw_maps=False)
    assert Prediction.objects.filter(upload=first.upload).count() == 2
    assert Prediction.objects.get(upload=first.upload, is_current=True) == second


def test_metadata_is_in_the_original_only(alice, model, media):
    exif = Image.Exif()
    exif[0x010F] = "Camera of a person"
    buffer = BytesIO()
    Image.open(BytesIO(digit_png(7, size=200))).convert("RGB").save(buffer, "JPEG", exif=exif)
    upload = create_prediction(owner=alice, data=buffer.getvalue(), source="upload").upload
    shown = [ensure(upload).open("rb").read() for ensure in (ensure_picture, ensure_thumbnail)]
    assert b"Camera of a person" in upload.original.open("rb").read()
    assert all(b"Camera of a person" not in served for served in shown)


def test_an_upload_beyond_the_quota_is_refused(alice, model, media, settings):
    settings.QUOTA_PICTURES = 1
    create_prediction(owner=alice, data=digit_png(7), source="upload")
    with pytest.raises(Problem) as raised:
        create_prediction(owner=alice, data=digit_png(7), source="upload")
    assert raised.value.code == "quota_exceeded"
