"""Tests of reading an upload again: concurrently, and with a missing or damaged file."""

import pytest
from django.db import transaction

from recognizer.models import ModelVersion, Prediction, Upload
from recognizer.problems import Problem
from recognizer.services.reading import rescoring
from recognizer.services.reading.images import ensure_picture, ensure_thumbnail
from recognizer.services.reading.predictions import create_prediction, read_picture, replace_current, reread_upload
from tests.pictures import digit_png
from tests.recognizer.threads import meanwhile

DATA = digit_png(7, size=100)


@pytest.fixture
def upload(model, alice, media) -> Upload:
    return create_prediction(owner=alice, data=DATA, source="upload").upload


@pytest.mark.django_db(transaction=True)
def test_of_two_concurrent_readings_one_is_current(upload):
    answer = read_picture(DATA)
    with meanwhile(lambda: reread_upload(upload, "digit")):
        replace_current(upload, answer, draw_maps=False)
    assert Prediction.objects.filter(upload=upload).count() == 3
    assert Prediction.objects.get(upload=upload, is_current=True).mode == "digit"


@pytest.mark.django_db(transaction=True)
def test_a_reading_made_during_a_rescore_stays_current(upload, model):
    before = Prediction.objects.get()
    newer = read_picture(DATA, "digit")
    Prediction.objects.update(model=create_retired_version(model))
    pairs = [(before, newer.reading)]

    def rescore() -> None:
        with transaction.atomic():
            rescoring.write_predictions(pairs, model, latency_ms=1.0)

    with meanwhile(rescore):
        newest = replace_current(upload, newer, draw_maps=False)
    assert Prediction.objects.get(upload=upload, is_current=True) == newest


def create_retired_version(model: ModelVersion) -> ModelVersion:
    return ModelVersion.objects.create(version="older", digest="0" * 64, card=model.card, state="retired")


@pytest.mark.django_db
def test_an_upload_without_its_file_is_not_read_again(upload):
    upload.original.storage.delete(upload.original.name)
    with pytest.raises(Problem) as raised:
        reread_upload(upload, "auto")
    assert raised.value.code == "not_found"


@pytest.mark.django_db
def test_an_upload_purged_in_the_meantime_is_not_found(upload):
    answer = read_picture(DATA)
    Upload.objects.all().delete()
    with pytest.raises(Problem) as raised:
        replace_current(upload, answer, draw_maps=False)
    assert raised.value.code == "not_found"


@pytest.mark.django_db
@pytest.mark.parametrize("ensure", [ensure_picture, ensure_thumbnail])
def test_a_damaged_original_is_reported(upload, media, ensure):
    (media / upload.original.name).write_bytes(DATA[:200])
    with pytest.raises(Problem) as raised:
        ensure(upload)
    assert raised.value.code == "corrupt_image"
