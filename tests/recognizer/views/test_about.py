from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from recognizer.models import ModelVersion
from recognizer.views.about import FIGURES

pytestmark = pytest.mark.django_db


def test_the_shipped_model_has_all_figures_that_stand_in_front(client: Client, model: ModelVersion) -> None:
    page = unescape(client.get(reverse("about")).content.decode())
    for label in FIGURES.values():
        assert str(label) in page
