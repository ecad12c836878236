"""The list of the history, as tests look at it."""

from django.test import Client
from django.urls import reverse


def shown(client: Client, query: str = "") -> list[str]:
    """Return the texts of the predictions on the first page."""
    page = client.get(reverse("history") + query)
    assert page.status_code == 200
    return [prediction.text for prediction in page.context["page"].rows]
