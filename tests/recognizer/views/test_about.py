from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from recognizer.figures.model_card import HEADLINES
from recognizer.models import ModelVersion

pytestmark = pytest.mark.django_db


def test_the_about_page_shows_the_main_figures_of_the_shipped_model(client: Client, model: ModelVersion) -> None:
    page = unescape(client.get(reverse("about")).content.decode())
    for label in HEADLINES.values():
        assert str(label) in page


def test_the_about_page_shows_one_digit_under_many_changes_and_plots(client: Client, model: ModelVersion) -> None:
    page = client.get(reverse("about")).content.decode()
    assert "One digit under many changes" in page
    assert 'alt="A handwritten 4, blurred"' in page
    assert 'id="card-reliability"' in page


def test_a_model_without_figures_has_an_about_page(client: Client, model: ModelVersion) -> None:
    ModelVersion.objects.update(card={"version": "classic-0"})
    page = client.get(reverse("about"))
    assert page.status_code == 200
    assert "One digit under many changes" not in page.content.decode()
