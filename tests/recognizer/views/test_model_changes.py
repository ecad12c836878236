"""Tests of what trainers do with models: upload, download, title and note, retirement, and the history of it."""

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from mlcore.artifact import CARD, SHIPPED
from recognizer.models import ModelEvent, ModelVersion, Promotion
from recognizer.services.registry.promotion import promote_model, store_gate
from tests.model_archives import hostile_archives, model_files, zipped

pytestmark = pytest.mark.django_db


def upload(client: Client, data: bytes) -> Any:
    return client.post(reverse("model_upload"), {"file": SimpleUploadedFile("model.zip", data)})


def card_page(client: Client, version: str) -> str:
    return client.get(reverse("model_card", args=[version])).content.decode()


def test_an_uploaded_model_is_a_candidate_without_figures_and_can_be_downloaded(model, media, trainer_client):
    data = zipped(model_files("meters"))
    assert upload(trainer_client, data).url == reverse("model_card", args=["meters"])
    version = ModelVersion.objects.get(version="meters")
    assert (version.state, version.card["metrics"], version.card["training"]) == ("candidate", {}, {})
    assert version.card["thresholds"] == model.card["thresholds"]
    page = card_page(trainer_client, "meters")
    assert "its figures are not known here" in page
    assert "Uploaded" in page
    again = upload(trainer_client, data)
    assert again.status_code == 409

    response = trainer_client.get(reverse("model_download", args=["meters"]))
    assert response["Content-Disposition"] == 'attachment; filename="meters.zip"'
    with zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))) as archive:
        assert set(archive.namelist()) == {CARD, *version.card["files"]}
        assert archive.read("model.onnx") == (SHIPPED / "model.onnx").read_bytes()
    assert list(ModelEvent.objects.order_by("at").values_list("kind", flat=True)) == ["uploaded", "downloaded"]
    promote_model(version, reason="tried")


def test_hostile_models_are_refused_and_nothing_is_kept(model, media, trainer_client):
    for data, text in (*hostile_archives(), (zipped(model_files("upload")), "reserved")):
        refused = upload(trainer_client, data)
        assert refused.status_code == 422, text
        assert text in refused.content.decode()
    assert trainer_client.post(reverse("model_upload")).status_code == 400
    assert ModelVersion.objects.count() == 1
    assert not ModelEvent.objects.exists()
    assert not (Path(media) / "models").exists()


def test_only_trainers_change_models(model, candidate, alice_client, admin_client):
    assert upload(alice_client, b"x").status_code == 403
    for name in ("model_describe", "model_retire"):
        assert alice_client.post(reverse(name, args=["digits-other"])).status_code == 403
    assert alice_client.get(reverse("model_download", args=["digits-other"])).status_code == 403
    page = card_page(alice_client, "digits-other")
    assert "What was done with it" not in page
    assert "download/" not in page
    assert not ModelEvent.objects.exists()
    assert admin_client.get(reverse("model_download", args=["digits-other"])).status_code == 200


def test_a_title_and_a_note_are_shown_to_everybody_and_their_changes_kept(candidate, alice_client, trainer_client):
    url = reverse("model_describe", args=["digits-other"])
    assert trainer_client.post(url, {"title": "Water <meters>", "note": "Too sure\nof 7s"}).status_code == 302
    trainer_client.post(url, {"title": "Water <meters>", "note": "Too sure\nof 7s"})
    page = card_page(alice_client, "digits-other")
    assert "Water &lt;meters&gt;" in page
    assert "Too sure" in page
    assert "Water &lt;meters&gt;" in alice_client.get(reverse("model_versions")).content.decode()
    assert sorted(ModelEvent.objects.values_list("kind", flat=True)) == ["noted", "titled"]
    assert "Given another title" in card_page(trainer_client, "digits-other")
    assert trainer_client.post(url, {"title": "x" * 61}).status_code == 400
    assert trainer_client.post(url, {"note": "x" * 1001}).status_code == 400
    trainer_client.post(url, {})
    candidate.refresh_from_db()
    assert (candidate.title, candidate.note) == ("", "")


def test_a_retired_candidate_is_folded_away_and_still_has_to_pass_the_gate(model, candidate, trainer_client):
    assert trainer_client.post(reverse("model_retire", args=["digits-other"])).status_code == 302
    candidate.refresh_from_db()
    assert candidate.state == "retired"
    page = trainer_client.get(reverse("model_versions")).content.decode()
    assert "1 retired candidate" in page
    assert page.count('action="/models/digits-other/promote/"') == 1
    assert "Go back to this model" not in page
    trainer_client.post(reverse("model_retire", args=["digits-other"]))
    assert ModelEvent.objects.count() == 1
    promote = reverse("model_promote", args=["digits-other"])
    assert trainer_client.post(promote).status_code == 409
    store_gate(candidate, model, {"passed": True, "checks": []})
    assert trainer_client.post(promote).status_code == 302
    assert trainer_client.post(reverse("model_retire", args=["digits-other"])).status_code == 409
    assert ModelVersion.objects.get(state="active") == candidate


def test_the_page_tells_which_model_was_active_on_a_day(model, candidate, alice_client, trainer_client):
    def activate(version: ModelVersion, *day: int) -> None:
        promotion = Promotion.objects.create(version=version, previous=None)
        Promotion.objects.filter(pk=promotion.pk).update(at=datetime(*day, 12, tzinfo=UTC))

    def active_on(day: str) -> str:
        page = alice_client.get(reverse("model_versions"), {"on": day}).content.decode()
        return page.partition('id="active-on-day"')[2].partition("</ul>")[0]

    Promotion.objects.all().delete()
    activate(model, 2026, 2, 1)
    activate(candidate, 2026, 3, 3)
    activate(model, 2026, 3, 5)
    assert "No model was active on 31 Jan 2026" in active_on("2026-01-31")
    assert model.version in active_on("2026-03-02")
    assert "digits-other" not in active_on("2026-03-02")
    both = active_on("2026-03-03")
    assert both.index(model.version) < both.index("digits-other")
    assert both.count("<li>") == 2
    assert "digits-other" in active_on("2026-03-04")
    assert model.version not in active_on("2026-03-04")
    assert model.version in active_on("9999-12-31")
    assert "No model was active on" in active_on("0001-01-01")
    assert alice_client.get(reverse("model_versions"), {"on": "3 March"}).status_code == 400
