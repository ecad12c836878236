"""The quota: counted once, and what was deleted gives way to what is given now."""

import pytest

from recognizer.models import Upload, Usage
from recognizer.problems import Problem
from recognizer.services.history.bulk_actions import delete_uploads, restore_uploads, uploads_deleted_at
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.space import quotas
from recognizer.services.space.purge import remove_uploads
from tests.pictures import digit_png
from tests.recognizer.threads import meanwhile

DATA = digit_png(7, size=60)


@pytest.fixture
def give(alice, model, media):
    return lambda: create_prediction(owner=alice, data=DATA, source="upload").upload


def used(alice) -> tuple[int, int]:
    return Usage.objects.values_list("pictures", "bytes").get(user=alice)


@pytest.mark.django_db
@pytest.mark.parametrize("quota", [{"QUOTA_PICTURES": 3}, {"QUOTA_BYTES": 4 * len(DATA) - 1}])
def test_deleting_makes_room_at_once(give, alice, settings, media, quota, django_capture_on_commit_callbacks):
    for name, value in quota.items():
        setattr(settings, name, value)
    oldest, older, kept = (give() for _ in range(3))
    delete_uploads(alice, [oldest.pk])
    deleted_at = delete_uploads(alice, [older.pk])
    with django_capture_on_commit_callbacks(execute=True):
        new = give()
    assert set(Upload.objects.all()) == {older, kept, new}
    assert len(list(media.rglob("original.png"))) == 3
    assert used(alice) == (3, 3 * len(DATA))
    assert restore_uploads(uploads_deleted_at(alice, deleted_at)) == 1


@pytest.mark.django_db
def test_what_was_deleted_stays_where_it_makes_no_room(give, alice, settings):
    gone, _kept = give(), give()
    deleted_at = delete_uploads(alice, [gone.pk])
    settings.QUOTA_BYTES = len(DATA) - 1
    with pytest.raises(Problem, match="Delete pictures to free space"):
        give()
    assert restore_uploads(uploads_deleted_at(alice, deleted_at)) == 1
    assert used(alice) == (2, 2 * len(DATA))


@pytest.mark.django_db
def test_nobody_makes_room_for_another(give, alice, bob, settings):
    delete_uploads(alice, [give().pk])
    settings.QUOTA_PICTURES = 0
    with pytest.raises(Problem):
        create_prediction(owner=bob, data=DATA, source="upload")
    assert Upload.objects.get().owner == alice


@pytest.mark.django_db(transaction=True)
def test_of_two_that_need_the_same_room_each_gets_some(give, alice, settings):
    settings.QUOTA_PICTURES = 2
    delete_uploads(alice, [give().pk, give().pk])
    with meanwhile(give):
        give()
    assert Upload.objects.filter(deleted_at=None).count() == 2
    assert used(alice) == (2, 2 * len(DATA))


@pytest.mark.django_db(transaction=True)
def test_whoever_counts_while_the_first_picture_is_given_leaves_it_counted(give, alice):
    with meanwhile(lambda: quotas.usage(alice.pk)):
        give()
    assert used(alice) == (1, len(DATA))


@pytest.mark.django_db
def test_what_was_brought_back_before_its_end_is_not_removed(give, alice):
    upload = give()
    deleted_at = delete_uploads(alice, [upload.pk])
    listed = list(Upload.objects.filter(deleted_at=deleted_at))
    assert restore_uploads(uploads_deleted_at(alice, deleted_at)) == 1
    assert remove_uploads(listed) == 0
    assert Upload.objects.get() == upload
    assert used(alice) == (1, len(DATA))


@pytest.mark.django_db(transaction=True)
def test_what_is_brought_back_while_it_is_removed_is_not(give, alice):
    deleted_at = delete_uploads(alice, [give().pk])
    listed = list(Upload.objects.all())
    with meanwhile(lambda: remove_uploads(listed)):
        assert restore_uploads(uploads_deleted_at(alice, deleted_at)) == 1
    assert Upload.objects.get().deleted_at is None
