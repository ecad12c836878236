"""Pages of batches: progress, names and polling."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from recognizer.models import Batch
from recognizer.services.batches import intake

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch(alice, add_prediction):
    seven = add_prediction("7", name="seven.png")
    batch = intake.create_batch(owner=alice, name="holiday.zip")
    batch.items.create(position=0, name="inside/seven.png", state="done", upload=seven.upload)
    batch.items.create(position=1, name="notes.txt", state="failed", error_code="unsupported_format")
    batch.items.create(position=2, name="waiting.png", state="waiting")
    return batch


def test_the_list_shows_the_progress_of_each_batch(alice_client, batch):
    assert "1 of 3" in alice_client.get(reverse("batches")).content.decode()


def test_a_batch_without_a_name_is_named_by_its_time(alice, alice_client):
    created_at = datetime(2026, 11, 3, 23, 30, tzinfo=UTC)
    Batch.objects.create(owner=alice, created_at=created_at)
    alice_client.cookies["time_zone"] = "Europe/Berlin"
    assert "Batch of 4 Nov 2026, 00:30" in alice_client.get(reverse("batches")).content.decode()


def test_items_show_their_file_names(alice_client, batch):
    page = alice_client.get(reverse("batch_detail", args=[batch.pk])).content.decode()
    assert "inside/seven.png" in page


def test_the_page_polls_only_while_items_wait(alice_client, batch):
    assert "hx-trigger" in alice_client.get(reverse("batch_detail", args=[batch.pk])).content.decode()
    batch.items.filter(state="waiting").delete()  # the batch is still open for more files
    assert "hx-trigger" not in alice_client.get(reverse("batch_detail", args=[batch.pk])).content.decode()
