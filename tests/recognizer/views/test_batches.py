"""The pages of batches: how far each is, and what its files are called."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from recognizer.models import Batch
from recognizer.services.batches import batches

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch(alice, given):
    seven = given("7", name="seven.png")
    batch = batches.create_batch(owner=alice, name="holiday.zip")
    batch.items.create(position=0, name="inside/seven.png", state="done", upload=seven.upload)
    batch.items.create(position=1, name="notes.txt", state="failed", error_code="unsupported_format")
    batch.items.create(position=2, name="waiting.png", state="waiting")
    return batch


def test_the_list_says_how_far_each_is(alice_client, batch):
    assert "1 of 3" in alice_client.get(reverse("batches")).content.decode()


def test_one_without_a_name_is_called_by_when_it_was_given(alice, alice_client):
    created_at = datetime(2026, 11, 3, 23, 30, tzinfo=UTC)
    Batch.objects.create(owner=alice, created_at=created_at)
    alice_client.cookies["time_zone"] = "Europe/Berlin"
    assert "Batch of 4 Nov 2026, 00:30" in alice_client.get(reverse("batches")).content.decode()


def test_its_pictures_are_called_as_their_files(alice_client, batch):
    page = alice_client.get(reverse("batch_detail", args=[batch.pk])).content.decode()
    assert "inside/seven.png" in page


def test_only_what_waits_is_asked_for_again(alice_client, batch):
    assert "hx-trigger" in alice_client.get(reverse("batch_detail", args=[batch.pk])).content.decode()
    batch.items.filter(state="waiting").delete()  # it takes more files still
    assert "hx-trigger" not in alice_client.get(reverse("batch_detail", args=[batch.pk])).content.decode()
