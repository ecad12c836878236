"""The admin cannot delete evidence. It closes an account, and a job deletes all of its data and files."""

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.urls import reverse

from recognizer.models import ApiToken, BatchItem, Upload
from recognizer.services.batches import intake
from recognizer.services.people.account_deletion import request_deletion
from recognizer.services.people.tokens import create_token
from recognizer.services.reading.predictions import create_prediction
from tests.pictures import digit_png
from tests.recognizer.deletions import run_deletions

pytestmark = pytest.mark.django_db

EVIDENCE = ["upload", "prediction", "glyph", "featuremap", "correction", "modelversion", "job", "batch", "batchitem"]


@pytest.fixture
def prediction(alice, model, media):
    """A prediction, and a batch of the same owner with a staged file."""
    waiting = intake.create_batch(owner=alice)
    intake.add_files(waiting, [("3.png", ContentFile(digit_png(3)))])
    return create_prediction(owner=alice, data=digit_png(7), source="upload", draw_maps=True)


def delete_selected(client, listed: str, *rows):
    form = {"action": "delete_selected", ACTION_CHECKBOX_NAME: [row.pk for row in rows], "post": "yes"}
    return client.post(listed, form)


@pytest.mark.parametrize("name", EVIDENCE)
def test_lists_of_evidence_offer_no_deletion(admin_client, prediction, name):
    listed = reverse(f"admin:recognizer_{name}_changelist")
    assert "delete_selected" not in admin_client.get(listed).content.decode()


def test_a_forged_request_to_delete_evidence_is_refused(admin_client, prediction):
    delete_selected(admin_client, reverse("admin:recognizer_upload_changelist"), prediction.upload)
    assert admin_client.post(reverse("admin:recognizer_prediction_delete", args=[prediction.pk])).status_code == 403
    assert Upload.objects.get() == prediction.upload


def test_an_account_is_deleted_with_its_files(
    admin_client, alice, prediction, media, django_capture_on_commit_callbacks
):
    url = reverse("admin:auth_user_delete", args=[alice.pk])
    assert "with all pictures and data of the account" in admin_client.get(url).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        assert admin_client.post(url, {"post": "yes"}).status_code == 302
    assert not User.objects.get(pk=alice.pk).is_active
    run_deletions()
    assert_deleted(alice, media)


def test_several_accounts_are_deleted_with_their_files(
    admin_client, alice, bob, prediction, media, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        delete_selected(admin_client, reverse("admin:auth_user_changelist"), alice, bob)
    run_deletions()
    assert_deleted(alice, media)
    assert not User.objects.filter(pk=bob.pk).exists()


def test_an_account_that_is_being_deleted_cannot_be_opened_again(admin_client, alice):
    request_deletion(alice)
    url = reverse("admin:auth_user_change", args=[alice.pk])
    assert admin_client.post(url, {"username": "alice", "is_active": "on"}).status_code == 403
    assert not User.objects.get(pk=alice.pk).is_active


def assert_deleted(user, media):
    assert not User.objects.filter(pk=user.pk).exists()
    assert not Upload.objects.exists()
    assert not BatchItem.objects.exists()
    assert [path for path in media.rglob("*") if path.is_file()] == []


def test_a_token_can_be_deleted(admin_client, alice):
    token, _secret = create_token(user=alice, name="leaked", scope="read")
    delete_selected(admin_client, reverse("admin:recognizer_apitoken_changelist"), token)
    assert not ApiToken.objects.exists()
