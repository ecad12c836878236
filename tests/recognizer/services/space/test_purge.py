"""Removing uploads frees their space exactly once."""

import pytest

from recognizer.models import Prediction, Upload, Usage
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.space.purge import remove_uploads
from tests.pictures import varied_pngs

pytestmark = pytest.mark.django_db


def test_removing_the_same_uploads_twice_frees_their_space_once(alice, model, media):
    for data in varied_pngs(3, size=60):
        create_prediction(owner=alice, data=data, source=Upload.Source.API)
    *removed, kept = Upload.objects.all()
    remove_uploads(removed)
    remove_uploads(removed)  # like a second purge that had listed them before

    assert Prediction.objects.get().upload == kept
    usage = Usage.objects.get(user=alice)
    assert (usage.pictures, usage.bytes) == (1, kept.stored_bytes)
