"""Tests of the endpoints of API tokens."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from recognizer.models import ApiToken
from recognizer.services.people import tokens
from tests.conftest import client_of, token_headers
from tests.pictures import digit_png

URL = "/api/v1/tokens/"
READ = "/api/v1/me/"
pytestmark = pytest.mark.django_db


def made(client: Client, **body) -> dict:
    return client.post(URL, {"name": "scanner", **body}, content_type="application/json").json()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_token_is_shown_once_and_stored_as_a_digest(alice_client):
    token = made(alice_client)["token"]

    assert token not in str(ApiToken.objects.values())
    assert "token" not in alice_client.get(URL).json()[0]
    assert Client().get(READ, headers=bearer(token)).json()["username"] == "alice"


def test_a_new_token_is_read_only_by_default(alice_client, model):
    reads, writes = made(alice_client)["token"], made(alice_client, scope="write")["token"]

    refused = Client().post("/api/v1/predictions/", digit_png(), content_type="image/png", headers=bearer(reads))
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    accepted = Client().post("/api/v1/predictions/", digit_png(), content_type="image/png", headers=bearer(writes))
    assert accepted.status_code == 201


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_token_cannot_create_or_list_tokens(client, alice_token, method):
    answer = getattr(client, method)(URL, headers=alice_token)

    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


def test_a_token_cannot_revoke_tokens(client, alice_client, alice_token):
    url = made(alice_client)["url"]

    assert client.delete(url, headers=alice_token).status_code == 403


def test_a_revoked_token_is_refused_at_once(alice_client):
    token = made(alice_client)
    assert alice_client.delete(token["url"]).status_code == 204

    answer = Client().get(READ, headers=bearer(token["token"]))
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


def test_the_token_of_a_disabled_user_is_refused_at_once(alice, alice_token):
    alice.is_active = False
    alice.save()

    assert Client().get(READ, headers=alice_token).status_code == 401


def test_an_expired_token_is_refused(alice):
    headers = token_headers(alice, expires_at=timezone.now() - timedelta(seconds=1))

    assert Client().get(READ, headers=headers).status_code == 401


def test_a_token_cannot_expire_in_the_past(alice_client):
    answer = alice_client.post(
        URL, {"name": "x", "expires_at": "2020-01-01T00:00:00Z"}, content_type="application/json"
    )

    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["expires_at"])


def test_the_last_use_is_written_once_a_minute(alice, alice_token):
    for _ in range(2):
        Client().get(READ, headers=alice_token)
    first = ApiToken.objects.get().last_used_at

    Client().get(READ, headers=alice_token)
    assert ApiToken.objects.get().last_used_at == first is not None


def test_a_stranger_cannot_see_or_revoke_a_token(alice_client, bob):
    url = made(alice_client)["url"]

    assert client_of(bob).get(URL).json() == []
    assert client_of(bob).delete(url).status_code == 404
    assert ApiToken.objects.get().revoked_at is None


def test_an_account_has_a_limited_number_of_tokens(alice, bob, alice_client, monkeypatch):
    monkeypatch.setattr(tokens, "MAX_TOKENS", 2)
    first, _second = made(alice_client), made(alice_client)
    token_headers(bob)
    refused = alice_client.post(URL, {"name": "third"}, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert "Revoke one first" in refused.json()["detail"]
    form = {"id": str(uuid4()), "name": "third", "scope": "read", "days": "30"}
    page = alice_client.post(reverse("token_create"), form)
    assert page.status_code == 409 and "Revoke one first" in page.content.decode()
    alice_client.delete(first["url"])
    assert "token" in made(alice_client)


@pytest.mark.parametrize("header", ["Bearer", "Bearer a b", "Bearer é", "Basic YWxpY2U6YWxpY2UtcGFzc3dvcmQ=", "dgs_x"])
def test_other_credentials_are_refused(header, alice):
    assert Client().get(READ, headers={"Authorization": header}).status_code == 401
