"""The id of a request: in its response, in its log lines, and on the page of an unexpected error."""

import logging
import re

import pytest
from django.urls import reverse

from recognizer.logs.lines import AddRequestId
from recognizer.services.space import quotas

pytestmark = pytest.mark.django_db


def test_every_response_has_its_own_id(client):
    ids = [client.get(path)["X-Request-ID"] for path in ("/login/", "/login/", "/missing/", "/api/v1/me/", "/healthz")]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[0-9a-f]{16}", one) for one in ids)


def test_an_id_of_the_sender_is_not_taken_over(client):
    assert client.get("/login/", headers={"X-Request-ID": "forged"})["X-Request-ID"] != "forged"


def test_an_unexpected_error_shows_the_id_that_the_log_has(alice_client, monkeypatch):
    lines: list[str] = []
    handler = logging.Handler()
    handler.addFilter(AddRequestId())
    handler.emit = lambda record: lines.append(record.request_id)
    logging.getLogger("django.request").addHandler(handler)
    monkeypatch.setattr(quotas, "usage", lambda owner_id: 1 / 0)
    alice_client.raise_request_exception = False
    response = alice_client.get(reverse("account"))
    logging.getLogger("django.request").removeHandler(handler)
    assert response.status_code == 500
    assert lines == [response["X-Request-ID"]]
    assert f"number of the request: {lines[0]}" in response.content.decode()


def test_other_problems_show_no_id(alice_client):
    response = alice_client.get("/missing/")
    assert response["X-Request-ID"] not in response.content.decode()
