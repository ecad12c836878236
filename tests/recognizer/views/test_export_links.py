"""Links to the table of a batch: shown once, limited, revoked, and never in a log."""

import csv
import io
import logging
import re
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from recognizer.logs.lines import HideLinkSecrets
from recognizer.models import Batch, ExportLink
from recognizer.problems import Problem
from recognizer.services import throttles
from recognizer.services.batches import intake
from recognizer.services.history.corrections import correct
from recognizer.services.people import export_links
from recognizer.services.people.export_links import create_link
from tests.pictures import digit_png
from tests.recognizer.services.batches.conftest import run_waiting_jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch(alice, model, media) -> Batch:
    batch = intake.create_batch(owner=alice, name="Monday")
    files = [(f"{digit}.png", ContentFile(digit_png(digit, size=60))) for digit in (3, 7)]
    intake.add_files(batch, files, close=True)
    run_waiting_jobs()
    return batch


def rows_at(url: str, client: Client | None = None) -> list[dict[str, str]]:
    response = (client or Client()).get(url)
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))


def created_link(client: Client, batch: Batch, **data: str) -> str:
    page = client.post(reverse("export_link_create", args=[batch.pk]), {"id": str(batch.pk), **data})
    assert page.status_code == 200
    return re.search(r'id="secret">(http[^<]+)<', page.content.decode())[1]


def test_a_link_shows_the_table_as_it_is_now_without_a_login(alice, alice_client, batch):
    url = created_link(alice_client, batch)
    assert [row["file"] for row in rows_at(url)] == ["3.png", "7.png"]
    correct(prediction=batch.items.get(name="7.png").upload.predictions.get(), by=alice, kind="correct", text="0042")
    assert rows_at(url)[1]["final"] == "0042"
    response = Client().get(url.replace("results.csv", "results.jsonl"))
    assert response["Cache-Control"] == "private, no-store" and response["X-Robots-Tag"] == "noindex"
    assert response["Content-Disposition"] == 'attachment; filename="Monday.jsonl"'
    assert ExportLink.objects.get().last_used_at


def test_the_secret_is_shown_once_and_only_its_digest_is_stored(alice_client, batch):
    url = created_link(alice_client, batch, days="30")
    secret = url.split("/")[-2]
    link = ExportLink.objects.get()
    assert secret.startswith("dgl_") and secret not in (link.digest, str(link))
    assert link.expires_at - timezone.now() > timedelta(days=29)
    page = alice_client.get(reverse("batch_detail", args=[batch.pk])).content.decode()
    assert secret not in page and link.digest not in page and "never used" in page
    again = alice_client.post(reverse("export_link_create", args=[batch.pk]), {"id": str(batch.pk)}, follow=True)
    assert "exists already" in again.content.decode() and ExportLink.objects.count() == 1


def test_a_link_that_was_revoked_or_has_expired_is_like_an_unknown_one(alice, alice_client, batch):
    url = created_link(alice_client, batch)
    unknown = Client().get(reverse("export_link_csv", args=["dgl_x"]))
    assert unknown.status_code == 404
    ExportLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert Client().get(url).status_code == 404
    ExportLink.objects.update(expires_at=None)
    alice.is_active = False
    alice.save()
    assert Client().get(url).status_code == 404
    alice.is_active = True
    alice.save()
    rows_at(url)
    alice_client.post(reverse("export_link_revoke", args=[ExportLink.objects.get().pk]))
    assert Client().get(url).status_code == 404 and not ExportLink.objects.exists()


def test_a_link_leads_to_its_batch_alone_and_to_no_other_page(alice, alice_client, batch):
    url = created_link(alice_client, batch)
    other = intake.create_batch(owner=alice, name="Secret")
    secret = url.split("/")[-2]
    for path in (reverse("batch_csv", args=[batch.pk]), reverse("batch_csv", args=[other.pk]), "/api/v1/batches/"):
        answer = Client().get(path, headers={"Authorization": f"Bearer {secret}"})
        assert answer.status_code in (302, 401)
    assert Client().post(url).status_code == 405


def test_strangers_neither_create_nor_revoke_links(alice_client, bob_client, batch):
    created_link(alice_client, batch)
    link = ExportLink.objects.get()
    assert bob_client.post(reverse("export_link_create", args=[batch.pk]), {}).status_code == 404
    assert bob_client.post(reverse("export_link_revoke", args=[link.pk])).status_code == 404
    assert ExportLink.objects.get() == link


def test_creating_a_link_needs_a_fresh_login(alice_client, batch, settings):
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = -1
    answer = alice_client.post(reverse("export_link_create", args=[batch.pk]), {"id": str(batch.pk)})
    assert answer.status_code == 302 and "confirm-password" in answer["Location"]
    assert not ExportLink.objects.exists()


def test_an_account_has_a_limited_number_of_links(batch, monkeypatch):
    monkeypatch.setattr(export_links, "MAX_LINKS", 2)
    for _ in range(2):
        create_link(batch)
    with pytest.raises(Problem, match="Revoke one first"):
        create_link(batch)


def test_a_link_has_a_budget_that_is_not_its_owners(alice_client, batch, settings):
    throttles.local_counter.windows.clear()
    url = created_link(alice_client, batch)
    settings.API_REQUESTS_PER_USER = 3
    answers = [Client().get(url).status_code for _ in range(5)]
    assert answers[-1] == 429
    assert alice_client.get(reverse("batch_detail", args=[batch.pk])).status_code == 200


def test_a_new_password_revokes_the_links_with_the_tokens(alice, batch):
    create_link(batch)
    export_links.revoke_links(alice.pk)
    assert not ExportLink.objects.exists()


@pytest.mark.parametrize(
    "path", ["/links/dgl_secret", "/links/dgl_secret/result.csv", "/links//dgl_secret/results.csv"]
)
def test_no_log_line_of_a_mistyped_link_holds_the_secret(path, caplog):
    caplog.handler.addFilter(HideLinkSecrets())
    with caplog.at_level(logging.WARNING, "django.request"):
        Client().get(path)
    assert "Not Found" in caplog.text and "dgl_secret" not in caplog.text


def test_no_log_line_holds_the_secret(caplog):
    caplog.handler.addFilter(HideLinkSecrets())
    with caplog.at_level(logging.WARNING, "django.request"):
        Client().get(reverse("export_link_csv", args=["dgl_secret"]))
        Client().post(reverse("export_link_jsonl", args=["dgl_secret"]))
    assert "dgl_secret" not in caplog.text and "/links/…/results.csv" in caplog.text
