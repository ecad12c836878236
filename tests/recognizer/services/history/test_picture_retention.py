"""Pictures that are removed because of their age: nothing shows them any more, and their readings stay."""

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from recognizer.models import AccountDeletion, Correction, FeatureMap, Job, Upload, Usage
from recognizer.queries.selectors import review_queue_for
from recognizer.services.explaining.likeness import confirmed_digits
from recognizer.services.history.corrections import correct
from recognizer.services.history.picture_retention import remove_old_pictures
from recognizer.services.history.training_labels import training_labels_of
from recognizer.services.reading.feature_maps import draw_files, ensure_maps
from recognizer.services.reading.images import ensure_picture, ensure_thumbnail
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.reading.preferences import choose_pictures_kept_days
from recognizer.services.reading.rescoring import uploads_to_read
from recognizer.services.space.quotas import count_stored, usage
from recognizer.services.space.reconcile import reconcile
from recognizer.services.space.recount import recount
from tests.conftest import client_of
from tests.pictures import digit_png

pytestmark = pytest.mark.django_db


def give(owner, *, days: int, digit: int = 7):
    """Return the prediction of a picture of this age, with everything that is made of one."""
    strokes = [[{"x": 1, "y": 2, "t": 0}]]
    prediction = create_prediction(owner=owner, data=digit_png(digit), source="drawing", strokes=strokes)
    ensure_picture(prediction.upload)
    ensure_thumbnail(prediction.upload)
    ensure_maps(prediction)
    maps = list(FeatureMap.objects.filter(glyph__prediction=prediction).select_related("glyph"))
    draw_files(prediction, maps)
    FeatureMap.objects.bulk_update(maps, ["columns", "low", "high", "drawn_at", "image", "bytes"])
    correct(prediction=prediction, by=owner, kind=Correction.Kind.CONFIRM)
    Upload.objects.filter(pk=prediction.upload_id).update(created_at=timezone.now() - timedelta(days=days))
    return prediction


def has_picture(prediction) -> bool:
    return bool(Upload.objects.get(pk=prediction.upload_id).original)


@pytest.fixture
def old(alice, model, media, settings, django_capture_on_commit_callbacks):
    """Return the prediction of a picture that was removed."""
    settings.PICTURES_KEPT_DAYS = 30
    prediction = give(alice, days=31)
    usage(alice.pk)
    recount(owner_id=alice.pk)
    with django_capture_on_commit_callbacks(execute=True):
        assert remove_old_pictures() == 1
    return prediction


def test_only_older_pictures_are_removed(alice, model, media, settings):
    settings.PICTURES_KEPT_DAYS = 30
    old, young = give(alice, days=31), give(alice, days=29)
    assert remove_old_pictures() == 1
    assert (has_picture(old), has_picture(young)) == (False, True)
    assert remove_old_pictures() == 0


def test_pictures_of_an_account_under_deletion_are_left_to_the_deletion(alice, model, media, settings):
    settings.PICTURES_KEPT_DAYS = 30
    prediction = give(alice, days=31)
    AccountDeletion.objects.create(owner_id=alice.pk)
    assert remove_old_pictures() == 0
    assert has_picture(prediction)


def test_nothing_is_removed_without_a_limit(alice, model, media):
    prediction = give(alice, days=4000)
    assert remove_old_pictures() == 0
    assert has_picture(prediction)


def test_an_account_may_choose_a_shorter_time_but_no_longer_one(alice, bob, model, media, settings):
    settings.PICTURES_KEPT_DAYS = 100
    choose_pictures_kept_days(alice, 30)
    choose_pictures_kept_days(bob, 365)
    of_alice, of_bob, older_of_bob = give(alice, days=31), give(bob, days=31), give(bob, days=101)
    remove_old_pictures()
    assert [has_picture(each) for each in (of_alice, of_bob, older_of_bob)] == [False, True, False]


def test_more_pictures_than_one_chunk_are_removed(alice, model, media, settings, monkeypatch):
    from recognizer.services.history import picture_retention

    monkeypatch.setattr(picture_retention, "CHUNK_SIZE", 1)
    settings.PICTURES_KEPT_DAYS = 30
    for days in (31, 32, 33):
        give(alice, days=days)
    assert remove_old_pictures() == 3


def test_no_file_and_no_pixel_is_left(old, media):
    assert [path for path in media.rglob("*") if path.is_file() and "models" not in path.parts] == []
    assert not FeatureMap.objects.exists()
    assert {bytes(glyph.input) for glyph in old.glyphs.all()} == {b""}
    assert Upload.objects.get().strokes is None
    report = reconcile(remove=False)
    assert (report.without_file, report.without_row) == ([], [])


def test_the_reading_and_the_correction_stay(old):
    upload = Upload.objects.get()
    prediction = upload.predictions.get()
    assert (prediction.text, prediction.decision) == (old.text, old.decision)
    assert prediction.glyphs.count() == old.glyphs.count() > 0
    assert upload.corrections.count() == 1


def test_the_space_is_free_again(old, alice):
    row = Usage.objects.get(user=alice)
    assert (row.pictures, row.bytes) == count_stored(alice.pk)
    upload = Upload.objects.get()
    assert upload.bytes == 0
    assert recount(owner_id=alice.pk).corrected_uploads == 0


def test_it_is_in_no_training_no_review_and_no_rescoring(old, alice, model):
    assert list(training_labels_of(alice)) == []
    assert confirmed_digits(alice) == []
    assert not review_queue_for(alice).exists()
    assert not uploads_to_read(model, Upload.objects.all()).exists()


def test_a_job_that_would_draw_its_maps_is_cancelled(alice, model, media, settings):
    settings.PICTURES_KEPT_DAYS = 30
    give(alice, days=31)
    assert Job.objects.filter(state=Job.State.WAITING).exists()
    remove_old_pictures()
    assert not Job.objects.filter(state=Job.State.WAITING).exists()


def test_pages_show_that_the_picture_is_gone(old, alice):
    client = client_of(alice)
    page = client.get(reverse("upload_detail", args=[old.upload_id]))
    assert page.status_code == 200
    text = page.content.decode()
    assert "The picture was removed because of its age" in text
    assert "Read again" not in text
    assert "Feature maps" not in text
    for name in ("upload_picture", "upload_thumbnail"):
        assert client.get(reverse(name, args=[old.upload_id]))["Content-Type"] == "image/svg+xml"
    glyph = old.glyphs.first()
    assert client.get(reverse("glyph_input", args=[glyph.pk]))["Content-Type"] == "image/svg+xml"
    for name in ("explorer", "why", "numbers", "what_if", "like_what"):
        page = client.get(reverse(name, args=[glyph.pk]))
        assert page.status_code == 404
        assert "The picture was removed because of its age" in page.content.decode()
    assert client.get(reverse("upload_original", args=[old.upload_id])).status_code == 404
    assert client.post(reverse("upload_read_again", args=[old.upload_id]), {"mode": "auto"}).status_code == 404
    for name in ("history", "review", "account"):
        assert client.get(reverse(name)).status_code == 200
    assert client.get(reverse("history"), {"format": "zip"}).status_code == 200


def test_the_api_answers_404_for_its_files_and_keeps_the_rest(old, alice_token):
    client = Client(headers=alice_token)
    url = f"/api/v1/predictions/{old.pk}/"
    assert client.get(url).json()["text"] == old.text
    for part in ("image/", "thumbnail/", "original/", "glyphs/0/input/", "glyphs/0/explanation/"):
        answer = client.get(url + part)
        assert answer.status_code == 404, part
        assert "removed because of its age" in answer.json()["detail"]
    assert client.get(f"{url}feature-maps/").json()["maps"] == []
    assert not default_storage.listdir("")[1]


def test_the_account_page_saves_the_choice(alice_client, alice, settings):
    settings.PICTURES_KEPT_DAYS = 400
    alice_client.post(reverse("account_pictures"), {"days": "90"})
    page = alice_client.get(reverse("account")).content.decode()
    assert 'name="days" value="90" aria-pressed="true"' in page
    assert "for 400 days at most" in page
    alice_client.post(reverse("account_pictures"), {"days": ""})
    assert 'name="days" value="" aria-pressed="true"' in alice_client.get(reverse("account")).content.decode()


@pytest.mark.parametrize("days", ["1", "-1", "x", "9999999999999"])
def test_another_number_of_days_is_refused(alice_client, days):
    assert alice_client.post(reverse("account_pictures"), {"days": days}).status_code == 400
