"""Tests of the endpoints of presets."""

from typing import Any

import pytest
from django.test import Client

from recognizer.models import Preset
from recognizer.services.reading import presets
from tests.conftest import token_headers

URL = "/api/v1/presets/"
METER = {"name": "Water meter", "mode": "number", "expect": {"digits": "5", "step": "300"}}
pytestmark = pytest.mark.django_db


def post(headers: dict[str, str], **changes: Any) -> Any:
    return Client().post(URL, {**METER, **changes}, content_type="application/json", headers=headers)


def patch(headers: dict[str, str], url: str, body: Any) -> Any:
    return Client().patch(url, body, content_type="application/json", headers=headers)


def test_a_preset_is_created_listed_changed_and_deleted(client, alice_token):
    made = post(alice_token, name=" Water meter ")
    body = made.json()
    assert (made.status_code, made["Location"]) == (201, body["url"])
    assert {name: body[name] for name in METER} == METER
    assert client.get(URL, headers=alice_token).json() == [body]
    assert client.get(body["url"], headers=alice_token).json() == body

    changed = patch(alice_token, body["url"], {"expect": {"digits": 6}}).json()
    assert (changed["name"], changed["mode"], changed["expect"]) == ("Water meter", "number", {"digits": "6"})
    assert changed["updated_at"] > body["updated_at"]
    renamed = patch(alice_token, body["url"], {"name": "Gas meter", "mode": "lines"}).json()
    assert (renamed["name"], renamed["mode"], renamed["expect"]) == ("Gas meter", "lines", {"digits": "6"})

    assert client.delete(body["url"], headers=alice_token).status_code == 204
    assert client.get(body["url"], headers=alice_token).status_code == 404
    assert client.get(URL, headers=alice_token).json() == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "   "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "a\0"}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"name": 5}, "name"),
        ({"name": None}, "name"),
        ({"mode": "words"}, "mode"),
        ({"mode": None}, "mode"),
        ({"expect": {}}, "expect"),
        ({"expect": {"digits": ""}}, "expect"),
        ({"expect": {"digits": "x"}}, "expect"),
        ({"expect": {"wraps_at": "100"}}, "expect"),
        ({"expect": [5]}, "expect"),
        ({"expect": None}, "expect"),
    ],
)
def test_a_wrong_field_is_named(alice_token, changes, field):
    made = post(alice_token).json()
    for answer in (post(alice_token, **{"name": "Other", **changes}), patch(alice_token, made["url"], changes)):
        assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert Preset.objects.get().expectation == METER["expect"]


def test_a_name_is_used_once(alice_token):
    made = post(alice_token).json()
    other = post(alice_token, name="Gas meter").json()
    for answer in (post(alice_token), patch(alice_token, other["url"], {"name": made["name"]})):
        assert answer.status_code == 400
        assert answer.json()["errors"] == {"name": ["You have a preset with this name already."]}


def test_too_many_presets_are_refused(alice_token, monkeypatch):
    monkeypatch.setattr(presets, "MAX_PRESETS", 1)
    post(alice_token)
    assert (post(alice_token, name="Other").status_code, Preset.objects.count()) == (409, 1)


def test_presets_of_others_are_not_found(client, alice_token, bob):
    url, headers = post(alice_token).json()["url"], token_headers(bob)
    assert client.get(URL, headers=headers).json() == []
    assert client.get(url, headers=headers).status_code == 404
    assert patch(headers, url, {"name": "mine"}).status_code == 404
    assert client.delete(url, headers=headers).status_code == 404
    assert Preset.objects.get().name == "Water meter"


def test_a_token_that_only_reads_changes_nothing(client, alice, alice_token):
    url, headers = post(alice_token).json()["url"], token_headers(alice, scope="read")
    assert client.get(url, headers=headers).status_code == 200
    refused = [post(headers, name="Other"), patch(headers, url, {"name": "x"}), client.delete(url, headers=headers)]
    assert {answer.status_code for answer in refused} == {403}
    assert Preset.objects.get().name == "Water meter"
