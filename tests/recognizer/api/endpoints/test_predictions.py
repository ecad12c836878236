"""Tests of creating and listing predictions."""

import base64
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from recognizer.models import Glyph, Prediction, Upload
from tests.pictures import digit_png

URL = "/api/v1/predictions/"
pytestmark = pytest.mark.django_db


def image(data: bytes | None = None, name: str = "seven.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data or digit_png(7), "image/png")


def test_a_multipart_picture_is_read_and_stored(client: Client, alice_token, model, alice):
    answer = client.post(URL, {"image": image()}, headers=alice_token)

    assert answer.status_code == 201
    body = answer.json()
    assert body["text"] == "7"
    assert body["decision"] in ("read", "unsure")
    assert body["model"] == model.version
    assert len(body["glyphs"]) == 1
    assert len(body["glyphs"][0]["probabilities"]) == 10
    assert answer["Location"] == body["url"] == f"http://testserver{URL}{body['id']}/"
    kept = Prediction.objects.get(pk=body["id"])
    assert kept.owner == alice
    assert kept.upload.name == "seven.png"
    assert kept.upload.source == Upload.Source.API


def test_the_location_returns_the_same_body(client, alice_token, model):
    made = client.post(URL, {"image": image()}, headers=alice_token)

    assert client.get(made["Location"], headers=alice_token).json() == made.json()


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,"])
def test_json_can_hold_a_picture_in_base64(client, alice_token, model, prefix):
    encoded = prefix + base64.b64encode(digit_png(7)).decode()
    answer = client.post(URL, {"image": encoded}, content_type="application/json", headers=alice_token)

    assert answer.status_code == 201
    assert answer.json()["text"] == "7"


def test_the_body_can_be_the_picture_with_parameters_in_the_query(client, alice_token, model):
    answer = client.post(f"{URL}?mode=digit&name=mine", digit_png(7), content_type="image/png", headers=alice_token)

    assert answer.status_code == 201
    assert (answer.json()["mode"], answer.json()["name"]) == ("digit", "mine")


def test_save_false_stores_nothing(client, alice_token, model, media):
    answer = client.post(URL, {"image": image(), "save": "false"}, headers=alice_token)

    assert answer.status_code == 200
    assert answer.json()["text"] == "7"
    assert "id" not in answer.json()
    assert nothing_kept(media)


def test_all_encodings_of_a_picture_are_read_alike(client, alice_token, model):
    data = digit_png(4)
    answers = [
        client.post(URL, {"image": image(data)}, headers=alice_token).json(),
        client.post(URL, data, content_type="image/png", headers=alice_token).json(),
        client.post(URL, {"image": image(data), "save": "false"}, headers=alice_token).json(),
    ]
    readings = [[glyph["probabilities"] for glyph in answer["glyphs"]] for answer in answers]
    assert readings[0] == readings[1] == readings[2]


def test_the_glyph_stores_the_input_of_the_network(client, alice_token, model):
    client.post(URL, {"image": image()}, headers=alice_token)

    assert len(bytes(Glyph.objects.get().input)) == 784


def test_a_session_may_post_with_its_csrf_token(alice, model):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)

    refused = client.post(URL, {"image": image()})
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")

    client.cookies["csrftoken"] = "a" * 32
    accepted = client.post(URL, {"image": image()}, headers={"X-CSRFToken": "a" * 32})
    assert accepted.status_code == 201


def test_a_token_needs_no_csrf_token(alice_token, model):
    answer = Client(enforce_csrf_checks=True).post(URL, {"image": image()}, headers=alice_token)

    assert answer.status_code == 201


def test_an_anonymous_caller_gets_401(client, model, media):
    answer = client.post(URL, {"image": image()})

    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer["Content-Type"] == "application/problem+json"
    assert nothing_kept(media)


def test_a_stranger_sees_nothing(client, alice_token, bob_token, model):
    made = client.post(URL, {"image": image()}, headers=alice_token)

    foreign = client.get(made["Location"], headers=bob_token)
    missing = client.get(f"{URL}00000000-0000-4000-8000-000000000000/", headers=bob_token)
    assert foreign.status_code == missing.status_code == 404
    assert foreign.content == missing.content
    assert client.get(URL, headers=bob_token).json()["results"] == []


def test_the_list_is_newest_first_and_paged(client, alice_token, model):
    made = [client.post(URL, {"image": image()}, headers=alice_token).json()["id"] for _ in range(5)]

    seen: list[str] = []
    url: str | None = f"{URL}?page_size=2"
    while url:
        page: Any = client.get(url, headers=alice_token).json()
        seen += [row["id"] for row in page["results"]]
        url = page["next"]
    assert seen == made[::-1]

    back = client.get(page["previous"], headers=alice_token).json()
    assert [row["id"] for row in back["results"]] == made[::-1][2:4]


@pytest.mark.parametrize(
    "query",
    [
        "cursor=x",
        "cursor=W10",
        "page_size=0",
        "page_size=201",
        "page_size=x",
        "page_size=0000000019999",
        f"page_size=000000001{'0' * 4_400}",
    ],
)
def test_an_unknown_page_is_a_problem(client, alice_token, model, query):
    answer = client.get(f"{URL}?{query}", headers=alice_token)

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


def test_a_misspelled_filter_is_a_problem(client, alice_token, model):
    answer = client.get(f"{URL}?decison=unsure", headers=alice_token)

    assert answer.status_code == 400
    assert "There is no parameter decison" in answer.json()["detail"]
    assert " decision," in answer.json()["detail"]


def test_an_unchanged_answer_is_304(client, alice_token, model):
    made = client.post(URL, {"image": image()}, headers=alice_token)
    first = client.get(made["Location"], headers=alice_token)

    again = client.get(made["Location"], headers={**alice_token, "If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def nothing_kept(media) -> bool:
    return not Upload.objects.exists() and not [path for path in media.rglob("*") if path.is_file()]


def test_the_list_has_the_filters_and_orders_of_the_history(client, alice_token, model):
    for digit in (7, 1, 7):
        client.post(URL, {"image": image(digit_png(digit))}, headers=alice_token)

    def texts(query: str) -> list[str]:
        return [row["text"] for row in client.get(f"{URL}?{query}", headers=alice_token).json()["results"]]

    assert texts("digit=7") == ["7", "7"]
    assert texts("ordering=given_at&digit=1") == ["1"]
    by_confidence = client.get(f"{URL}?ordering=confidence", headers=alice_token).json()["results"]
    assert [row["confidence"] for row in by_confidence] == sorted(row["confidence"] for row in by_confidence)


def test_an_invalid_filter_value_is_a_problem(client, alice_token, model):
    answer = client.get(f"{URL}?decision=perhaps", headers=alice_token)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
