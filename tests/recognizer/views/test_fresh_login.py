"""Tests that what endangers an account asks for the password, unless it was given a short time ago."""

import re
import time
from urllib.parse import unquote

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse

from recognizer.login.hashers import Argon2Hasher
from recognizer.models import ApiToken
from recognizer.services.people.tokens import create_token
from tests.conftest import refresh_login
from tests.recognizer.mails import add_verified_address

pytestmark = pytest.mark.django_db

CONFIRM = "/account/confirm-password/"
TOKEN = {"id": "00000000-0000-0000-0000-000000000007", "name": "script", "scope": "read", "days": "30"}


@pytest.fixture(autouse=True)
def empty_attempt_counters(monkeypatch):
    from recognizer.services import throttles

    monkeypatch.setattr(throttles, "local_counter", throttles.LocalCounter())


@pytest.fixture
def stale_client(alice, alice_client) -> Client:
    """Alice gave her password longer ago than a login counts as fresh."""
    refresh_login(alice_client, alice, at=time.time() - django_settings.ACCOUNT_REAUTHENTICATION_TIMEOUT - 1)
    return alice_client


@pytest.mark.parametrize(
    ("method", "name", "form"),
    [
        ("post", "account_email", {"email": "new@example.org"}),
        ("post", "token_create", TOKEN),
        ("post", "account_export", {}),
        ("get", "account_export_file", {}),
    ],
)
def test_it_leads_to_the_page_that_asks_for_the_password(alice, stale_client, method, name, form):
    add_verified_address(alice)
    answer = getattr(stale_client, method)(reverse(name), form)
    assert unquote(answer.url) == f"{CONFIRM}?next={reverse(name)}"
    assert not ApiToken.objects.exists()
    assert "new@example.org" not in stale_client.get(reverse("account")).content.decode()


def test_a_form_is_sent_again_after_the_password(stale_client):
    asked = stale_client.post(reverse("token_create"), TOKEN)
    page = stale_client.post(asked.url, {"password": "alice-password", "next": reverse("token_create")})
    assert "Copy it now" in page.content.decode()
    assert ApiToken.objects.get().name == "script"
    assert stale_client.get(reverse("account_export_file")).status_code == 404


def test_a_password_hash_that_is_renewed_keeps_the_session(alice, stale_client, monkeypatch):
    monkeypatch.setattr(Argon2Hasher, "memory_cost", 128)
    before = alice.password
    stale_client.post(CONFIRM, {"password": "alice-password"})
    alice.refresh_from_db()
    assert alice.password != before
    assert stale_client.get(reverse("account")).status_code == 200


def test_a_wrong_password_opens_nothing(stale_client):
    page = stale_client.post(CONFIRM, {"password": "guess", "next": reverse("account")})
    assert "The password is wrong." in page.content.decode()
    assert stale_client.get(reverse("account_export_file")).status_code == 302


def test_attempts_are_limited_together_with_those_of_the_login(stale_client, settings):
    settings.LOGINS_PER_NAME = 3
    for _ in range(2):
        stale_client.post(CONFIRM, {"password": "guess"})
    stale_client.post(reverse("account_delete"), {"password": "guess"})
    assert stale_client.post(CONFIRM, {"password": "alice-password"}).status_code == 429


@pytest.mark.parametrize("next_url", ["//evil.example.org", "https://evil.example.org/", "javascript:alert(1)"])
def test_it_leads_to_no_other_site(stale_client, next_url):
    assert stale_client.post(CONFIRM, {"password": "alice-password", "next": next_url}).url == reverse("desk")


def test_tokens_are_shown_after_a_fresh_login_only(alice, stale_client):
    create_token(user=alice, name="secret-script")
    assert "secret-script" not in stale_client.get(reverse("account")).content.decode()
    shown = stale_client.post(CONFIRM, {"password": "alice-password", "next": reverse("account")}, follow=True)
    assert "secret-script" in shown.content.decode()


@pytest.mark.parametrize("login", ["login", "admin:login"])
def test_a_login_is_fresh(client, admin, login):
    client.post(reverse(login), {"username": "admin", "password": "admin-password"})
    assert client.get(reverse("account_export_file")).status_code == 404  # there is none


def test_signing_up_is_a_fresh_login(client):
    password = "a-long-password-of-dora"
    client.post(reverse("signup"), {"username": "dora", "password1": password, "password2": password})
    assert client.get(reverse("account_export_file")).status_code == 404  # there is none


def test_the_api_refuses_a_session_that_is_not_fresh(alice, stale_client):
    token, _ = create_token(user=alice, name="script")
    url = f"/api/v1/tokens/{token.pk}/"
    answers = [
        stale_client.get("/api/v1/tokens/"),
        stale_client.post("/api/v1/tokens/", {"name": "x"}, content_type="application/json"),
        stale_client.get(url),
        stale_client.post("/api/v1/me/export/"),
        stale_client.get("/api/v1/me/export/file/"),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == 5 * [(403, "stale_login")]
    assert ApiToken.objects.count() == 1
    assert stale_client.delete(url).status_code == 204


def test_a_token_needs_no_login(client, alice_token):
    assert client.post("/api/v1/me/export/", headers=alice_token).status_code == 202


@pytest.mark.parametrize("name", ["logout", "admin:logout"])
def test_logging_out_clears_what_the_browser_keeps(admin_client, name):
    assert admin_client.post(reverse(name))["Clear-Site-Data"] == '"cache", "storage"'
    assert admin_client.get(reverse("account")).status_code == 302


def test_the_account_page_still_opens_with_an_old_login(stale_client):
    page = stale_client.get(reverse("account")).content.decode()
    assert re.search(rf'href="{CONFIRM}\?next=/account/"[^>]*>Change email address', page)
