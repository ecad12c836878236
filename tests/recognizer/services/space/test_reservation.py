"""The quota, and the purge of deleted uploads that makes room for new ones."""

import pytest

from recognizer.models import Upload, Usage
from recognizer.problems import Problem
from recognizer.services.history.bulk_actions import delete_uploads, restore_uploads, uploads_deleted_at
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.space import quotas
from recognizer.services.space.purge import remove_uploads
from recognizer.services.space.sizes import prediction_bytes
from tests.pictures import digit_png
from tests.recognizer.threads import meanwhile

DATA = digit_png(7, size=60)
STORED = len(DATA) + prediction_bytes(1, 0)


@pytest.fixture
def upload_picture(alice, model, media):
    return lambda: create_prediction(owner=alice, data=DATA, source="upload").upload


def stored_usage(alice) -> tuple[int, int]:
    return Usage.objects.values_list("pictures", "bytes").get(user=alice)


@pytest.mark.django_db
@pytest.mark.parametrize("quota", [{"QUOTA_PICTURES": 3}, {"QUOTA_BYTES": 4 * STORED - 1}])
def test_deleted_uploads_make_room_for_new_ones(
    upload_picture, alice, settings, media, quota, django_capture_on_commit_callbacks
):
    for name, value in quota.items():
        setattr(settings, name, value)
    oldest, older, kept = (upload_picture() for _ in range(3))
    delete_uploads(alice, [oldest.pk])
    deleted_at = delete_uploads(alice, [older.pk])
    with django_capture_on_commit_callbacks(execute=True):
        new = upload_picture()
    assert set(Upload.objects.all()) == {older, kept, new}
    assert len(list(media.rglob("original.png"))) == 3
    assert stored_usage(alice) == (3, 3 * STORED)
    assert restore_uploads(uploads_deleted_at(alice, deleted_at)) == 1


@pytest.mark.django_db
def test_deleted_uploads_stay_if_they_cannot_make_enough_room(upload_picture, alice, settings):
    deleted, _kept = upload_picture(), upload_picture()
    deleted_at = delete_uploads(alice, [deleted.pk])
    settings.QUOTA_BYTES = STORED - 1
    with pytest.raises(Problem, match="Delete pictures to free space"):
        upload_picture()
    assert restore_uploads(uploads_deleted_at(alice, deleted_at)) == 1
    assert stored_usage(alice) == (2, 2 * STORED)


@pytest.mark.django_db
def test_uploads_of_others_do_not_make_room(upload_picture, alice, bob, settings):
    delete_uploads(alice, [upload_picture().pk])
    settings.QUOTA_PICTURES = 0
    with pytest.raises(Problem):
        create_prediction(owner=bob, data=DATA, source="upload")
    assert Upload.objects.get().owner == alice


@pytest.mark.django_db(transaction=True)
def test_parallel_uploads_that_need_room_both_get_it(upload_picture, alice, settings):
    settings.QUOTA_PICTURES = 2
    delete_uploads(alice, [upload_picture().pk, upload_picture().pk])
    with meanwhile(upload_picture):
        upload_picture()
    assert Upload.objects.filter(deleted_at=None).count() == 2
    assert stored_usage(alice) == (2, 2 * STORED)


@pytest.mark.django_db(transaction=True)
def test_reading_the_usage_during_the_first_upload_does_not_lose_it(upload_picture, alice):
    with meanwhile(lambda: quotas.usage(alice.pk)):
        upload_picture()
    assert stored_usage(alice) == (1, STORED)


@pytest.mark.django_db
def test_a_restored_upload_is_not_removed(upload_picture, alice):
    upload = upload_picture()
    deleted_at = delete_uploads(alice, [upload.pk])
    listed = list(Upload.objects.filter(deleted_at=deleted_at))
    assert restore_uploads(uploads_deleted_at(alice, deleted_at)) == 1
    assert remove_uploads(listed) == 0
    assert Upload.objects.get() == upload
    assert stored_usage(alice) == (1, STORED)


@pytest.mark.django_db(transaction=True)
def test_an_upload_that_is_restored_during_its_removal_stays(upload_picture, alice):
    deleted_at = delete_uploads(alice, [upload_picture().pk])
    listed = list(Upload.objects.all())
    with meanwhile(lambda: remove_uploads(listed)):
        assert restore_uploads(uploads_deleted_at(alice, deleted_at)) == 1
    assert Upload.objects.get().deleted_at is None
