"""The admin deletes no evidence; with an account everything goes, files included."""

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.urls import reverse

from recognizer.models import ApiToken, BatchItem, Upload
from recognizer.services.batches import intake
from recognizer.services.people.tokens import create_token
from recognizer.services.reading.predictions import create_prediction
from tests.pictures import digit_png

pytestmark = pytest.mark.django_db

EVIDENCE = ["upload", "prediction", "glyph", "featuremap", "correction", "modelversion", "job", "batch"]


@pytest.fixture
def prediction(alice, model, media):
    """Beside it a picture that waits in a batch."""
    waiting = intake.create_batch(owner=alice)
    intake.add_files(waiting, [("3.png", ContentFile(digit_png(3)))])
    return create_prediction(owner=alice, data=digit_png(7), source="upload", draw_maps=True)


def delete_chosen(client, listed: str, *rows):
    chosen = {"action": "delete_selected", ACTION_CHECKBOX_NAME: [row.pk for row in rows], "post": "yes"}
    return client.post(listed, chosen)


@pytest.mark.parametrize("name", EVIDENCE)
def test_evidence_is_not_deleted(admin_client, prediction, name):
    listed = reverse(f"admin:recognizer_{name}_changelist")
    assert "delete_selected" not in admin_client.get(listed).content.decode()


def test_what_is_asked_for_nevertheless_is_refused(admin_client, prediction):
    delete_chosen(admin_client, reverse("admin:recognizer_upload_changelist"), prediction.upload)
    assert admin_client.post(reverse("admin:recognizer_prediction_delete", args=[prediction.pk])).status_code == 403
    assert Upload.objects.get() == prediction.upload


def test_an_account_goes_with_its_files(admin_client, alice, prediction, media, django_capture_on_commit_callbacks):
    url = reverse("admin:auth_user_delete", args=[alice.pk])
    assert "with all pictures and data of the account" in admin_client.get(url).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        assert admin_client.post(url, {"post": "yes"}).status_code == 302
    assert_gone(alice, media)


def test_several_accounts_go_with_their_files(
    admin_client, alice, bob, prediction, media, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        delete_chosen(admin_client, reverse("admin:auth_user_changelist"), alice, bob)
    assert_gone(alice, media)
    assert not User.objects.filter(pk=bob.pk).exists()


def assert_gone(user, media):
    assert not User.objects.filter(pk=user.pk).exists()
    assert not Upload.objects.exists()
    assert not BatchItem.objects.exists()
    assert [path for path in media.rglob("*") if path.is_file()] == []


def test_a_token_that_leaked_is_deleted(admin_client, alice):
    token, _secret = create_token(user=alice, name="leaked", scope="read")
    delete_chosen(admin_client, reverse("admin:recognizer_apitoken_changelist"), token)
    assert not ApiToken.objects.exists()
