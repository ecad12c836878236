from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from recognizer.models import ModelVersion
from recognizer.views.about import FIGURES

pytestmark = pytest.mark.django_db


def test_the_about_page_shows_the_main_figures_of_the_shipped_model(client: Client, model: ModelVersion) -> None:
    page = unescape(client.get(reverse("about")).content.decode())
    for label in FIGURES.values():
        assert str(label) in page
