"""Removing uploads frees their space exactly once, and what fails to be deleted stops nothing else."""

import pytest
from django.db import transaction

from recognizer.models import Prediction, Upload, Usage
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.space import purge
from recognizer.services.space.purge import delete_files_on_commit, remove_uploads
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


@pytest.mark.django_db(transaction=True)
def test_files_that_cannot_be_deleted_after_a_commit_stop_nothing_else(monkeypatch):
    def fail(names):
        raise RuntimeError("The storage is gone.")

    monkeypatch.setattr(purge, "delete_files", fail)
    done = []
    with transaction.atomic():
        delete_files_on_commit(["uploads/ab/1/original"])
        transaction.on_commit(lambda: done.append("another"))
    assert done == ["another"]
