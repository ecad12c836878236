"""Tests of the page of model versions: what everybody sees, and who may activate what."""

import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from recognizer.models import ModelVersion, Promotion
from recognizer.services.registry.promotion import store_gate

pytestmark = pytest.mark.django_db
PAGE = "model_versions"
CHECK = {"name": "digit_7", "active": 0.998, "candidate": 0.961, "bound": 0.01, "limit": 0.05, "passed": False}


def promote(client: Client, version: ModelVersion, **fields: str):
    return client.post(reverse("model_promote", args=[version.version]), fields)


def states() -> dict[str, str]:
    return dict(ModelVersion.objects.values_list("version", "state"))


def test_everybody_sees_figures_comparison_and_history_but_no_button(model, candidate, alice_client):
    store_gate(candidate, model, {"passed": False, "checks": [CHECK]})
    page = alice_client.get(reverse(PAGE)).content.decode()
    assert "No proof yet that it is as good as" in page
    assert "The digit 7 read right" in page
    sentence = f"The digit 7: digits-other reads 96.1 % right, {model.version} reads 99.8 %."
    assert sentence in page.replace("\N{NO-BREAK SPACE}", " ")
    assert sentence not in page  # a figure stays beside its sign
    assert "99.7" in page  # MNIST's test digits, from the card
    assert "promote/" not in page
    assert "by a command" not in page


def test_nobody_activates_a_model_without_the_permission(model, candidate, alice_client):
    assert promote(alice_client, candidate, reason="mine").status_code == 403
    assert states() == {model.version: "active", "digits-other": "candidate"}


def test_a_trainer_activates_a_candidate_that_passed_and_goes_back(model, candidate, trainer_client):
    store_gate(candidate, model, {"passed": True, "checks": []})
    page = trainer_client.get(reverse(PAGE)).content.decode()
    assert 'name="reason"' not in page
    assert promote(trainer_client, candidate).url == reverse(PAGE)
    assert states() == {model.version: "retired", "digits-other": "active"}
    assert "Go back to this model" in trainer_client.get(reverse(PAGE)).content.decode()
    promote(trainer_client, model)
    assert states() == {model.version: "active", "digits-other": "retired"}
    assert [row.by.username for row in Promotion.objects.order_by("-at")[:2]] == ["trainer", "trainer"]


def test_a_candidate_without_a_comparison_needs_a_reason(model, candidate, trainer_client):
    assert 'name="reason"' in trainer_client.get(reverse(PAGE)).content.decode()
    refused = promote(trainer_client, candidate)
    assert refused.status_code == 409
    assert "has not been compared" in refused.content.decode()
    assert promote(trainer_client, candidate, reason="x" * 201).status_code == 400
    promote(trainer_client, candidate, reason="it reads our forms")
    assert states()["digits-other"] == "active"
    assert "it reads our forms" in trainer_client.get(reverse(PAGE)).content.decode()


def test_a_second_click_changes_nothing(model, candidate, trainer_client):
    store_gate(candidate, model, {"passed": True, "checks": []})
    promote(trainer_client, candidate)
    count = Promotion.objects.count()
    promote(trainer_client, candidate)
    assert Promotion.objects.count() == count


def test_a_model_whose_files_are_damaged_is_not_activated(model, candidate, trainer_client, media):
    store_gate(candidate, model, {"passed": True, "checks": []})
    network = Path(media) / candidate.stored_folder / "model.onnx"
    network.write_bytes(b"broken")
    assert promote(trainer_client, candidate).status_code == 503
    assert states()[model.version] == "active"


def test_an_unknown_model_is_not_found(model, trainer_client):
    assert trainer_client.post(reverse("model_promote", args=["digits-404"])).status_code == 404


def test_the_page_takes_few_queries(model, candidate, alice_client, django_assert_max_num_queries):
    with django_assert_max_num_queries(8):
        alice_client.get(reverse(PAGE))


def test_each_model_has_a_page_with_its_card(model, candidate, alice_client):
    listed = alice_client.get(reverse(PAGE)).content.decode()
    for version in (model, candidate):
        url = reverse("model_card", args=[version.version])
        assert f'href="{url}"' in listed
        page = alice_client.get(url).content.decode()
        assert version.digest in page
        assert 'id="card-errors"' in page
        ids = re.findall(r' id="([^"]+)"', page)
        assert len(ids) == len(set(ids))
    assert alice_client.get(reverse("model_card", args=["digits-404"])).status_code == 404
