"""Headers of all responses, and what is logged of requests that Django refuses."""

import logging

import pytest
from csp.middleware import CSPMiddleware
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["desk", "history", "account", "login"])
def test_no_cache_keeps_a_page(alice_client, name):
    response = alice_client.get(reverse(name), follow=True)
    assert "no-store" in response["Cache-Control"]
    assert response["Permissions-Policy"].startswith("camera=()")
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"


def test_the_policy_is_that_of_django_csp_also_where_a_view_changes_it(alice_client, rf):
    request = rf.get("/")
    usual = CSPMiddleware(lambda request: HttpResponse()).process_response(request, HttpResponse())
    assert alice_client.get(reverse("desk"))["Content-Security-Policy"] == usual["Content-Security-Policy"]
    changed = alice_client.get(reverse("api:docs"))["Content-Security-Policy"]
    assert changed.replace(" 'unsafe-inline'", "") == usual["Content-Security-Policy"] != changed


def test_a_wrong_host_is_one_line_in_the_log(capfd):
    handler = logging.getLogger("django.security.DisallowedHost").handlers[0]
    lines: list[str] = []
    emit, handler.emit = handler.emit, lambda record: lines.append(handler.format(record))
    try:
        assert Client(headers={"host": "evil.example"}, raise_request_exception=False).get("/").status_code == 400
    finally:
        handler.emit = emit
    assert len(lines) == 1
    assert "\n" not in lines[0]
    assert "evil.example" in lines[0]
