"""The page of the review queue: what it says when little or nothing is left."""

import pytest
from django.urls import reverse

pytestmark = pytest.mark.django_db


def test_keys_are_explained_where_there_is_something_to_press_them_for(alice_client, given):
    assert "<kbd>" not in alice_client.get(reverse("review")).content.decode()
    given("4", decision="unsure")
    assert "<kbd>Enter</kbd>" in alice_client.get(reverse("review")).content.decode()


def test_sure_answers_are_not_called_unsure(alice_client, given):
    given("4")
    page = alice_client.get(reverse("review") + "?all").content.decode()
    assert "No unsure answer is left; the sure ones follow" in page
    assert "0 unsure" not in page
