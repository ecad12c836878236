"""Tests of expectations and presets in requests that read pictures."""

import base64
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from recognizer.figures.drawings import draw_png
from recognizer.models import Batch, Prediction, Preset
from recognizer.services.reading.presets import change_preset, create_preset, delete_preset
from tests.conftest import token_headers
from tests.recognizer.services.batches.conftest import run_waiting_jobs

URL = "/api/v1/predictions/"
DATA = draw_png("1905")
pytestmark = pytest.mark.django_db


@pytest.fixture
def meter(alice, model) -> Preset:
    return create_preset(owner=alice, name="Water meter", mode="number", fields={"digits": "4", "step": "300"})


def send_form(headers: dict[str, str], **parameters: Any) -> Any:
    if "expect" in parameters and not isinstance(parameters["expect"], str):
        parameters["expect"] = json.dumps(parameters["expect"])
    picture = SimpleUploadedFile("a.png", DATA, "image/png")
    return Client().post(URL, {"image": picture, **parameters}, headers=headers)


def send_json(headers: dict[str, str], **parameters: Any) -> Any:
    body = {"image": base64.b64encode(DATA).decode(), **parameters}
    return Client().post(URL, body, content_type="application/json", headers=headers)


def send_body(headers: dict[str, str], **parameters: Any) -> Any:
    if "expect" in parameters and not isinstance(parameters["expect"], str):
        parameters["expect"] = json.dumps(parameters["expect"])
    return Client().post(URL, DATA, content_type="image/png", headers=headers, query_params=parameters)


SENDERS = [send_form, send_json, send_body]


@pytest.mark.parametrize("send", SENDERS)
def test_an_expectation_is_used_and_told(alice_token, model, send):
    body = send(alice_token, expect={"values": "7777|8888", "sign": "no"}).json()
    assert (body["text"], body["decision"], body["reason"]) == ("1905", "unsure", "unexpected")
    assert (body["preset"], body["expect"]) == (None, {"values": "7777|8888", "sign": "no"})
    assert Prediction.objects.get().expected == {"preset": "", "fields": body["expect"]}
    assert Client().get(body["url"], headers=alice_token).json() == body


@pytest.mark.parametrize("send", SENDERS)
def test_a_preset_is_used_with_the_previous_value_of_the_request(alice_token, meter, send):
    body = send(alice_token, preset="Water meter", expect={"previous": "1000"}).json()
    assert (body["text"], body["reason"], body["mode"]) == ("1905", "unexpected", "number")
    assert (body["preset"], body["expect"]) == ("Water meter", {"digits": "4", "step": "300", "previous": "1000"})
    fitting = send(alice_token, preset="Water meter", expect={"previous": "1900"}, mode="lines").json()
    assert (fitting["text"], fitting["reason"], fitting["mode"]) == ("1905", None, "lines")
    assert Prediction.objects.filter(preset=meter).count() == 2


def test_nothing_is_stored_without_an_expectation(alice_token, model):
    body = send_json(alice_token).json()
    assert (body["preset"], body["expect"], body["mode"]) == (None, None, "auto")
    prediction = Prediction.objects.get()
    assert (prediction.preset, prediction.expected) == (None, None)


def test_an_answer_that_is_not_kept_tells_what_was_expected(alice_token, meter):
    body = send_form(alice_token, save="false", preset="Water meter").json()
    assert (body["preset"], body["expect"]) == ("Water meter", {"digits": "4"})
    assert not Prediction.objects.exists()


def test_values_of_json_may_have_their_own_types(alice_token, model):
    expect = {"digits": 4, "minimum": 0.5, "sign": False, "values": ["1905", "1906"]}
    body = send_json(alice_token, expect=expect).json()
    assert body["expect"] == {"digits": "4", "minimum": "0.5", "sign": "no", "values": "1905|1906"}


@pytest.mark.parametrize("send", SENDERS)
@pytest.mark.parametrize(
    ("expect", "field"),
    [
        ({"digits": "five"}, "digits"),
        ({"digits": "5", "minimum": "9", "maximum": "8"}, "maximum"),
        ({"colour": "red"}, "colour"),
        ({"\ud800": "red"}, ""),
        ({"step": "3"}, "step"),
        ({"pattern": "(9+)+"}, "pattern"),
        ({"check": "weights:1,2 mod 0"}, "check"),
        ({"check": "md5\0"}, "check"),
        ({"values": "7\0"}, "values"),
        ({"values": "7\ud800"}, "values"),
        ({"values": "7" * 5_001}, "values"),
        ({"values": "7|" * 2_490, "pattern": "9" * 30}, "values"),
        ({"digits": None}, "digits"),
        ({"digits": {"least": 5}}, "digits"),
        ({"digits": True}, "digits"),
        ({"minimum": 1e300}, "minimum"),
        ({"minimum": "9" * 21}, "minimum"),
        ({"values": [1, 2]}, "values"),
    ],
)
def test_a_wrong_field_is_named(alice_token, model, send, expect, field):
    answer = send(alice_token, expect=expect)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["errors"]["expect"]) == [field]
    assert not Prediction.objects.exists()


@pytest.mark.parametrize("expect", ["digits=5", "[]", "5", "null", "{", '{"digits": "5", "digits": "6"}', "[" * 5_000])
def test_what_is_no_object_is_refused(alice_token, model, expect):
    for answer in (send_form(alice_token, expect=expect), send_json(alice_token, expect=expect)):
        assert answer.status_code == 400
        assert answer.json()["errors"] == {"expect": ['Send a JSON object such as {"digits": "5"}.']}


@pytest.mark.parametrize("send", SENDERS)
@pytest.mark.parametrize("name", ["Gas meter", "water meter", " ", "x" * 80])
def test_an_unknown_preset_is_named(alice_token, meter, send, name):
    answer = send(alice_token, preset=name)
    assert (answer.status_code, answer.json()["errors"]) == (400, {"preset": ["There is no preset with this name."]})


@pytest.mark.parametrize("send", SENDERS)
def test_the_preset_of_another_person_is_not_found(bob, meter, send):
    answer = send(token_headers(bob), preset="Water meter")
    assert (answer.status_code, answer.json()["errors"]) == (400, {"preset": ["There is no preset with this name."]})


def test_a_repeated_request_gets_its_answer_after_the_preset_changed(alice_token, meter):
    headers = {**alice_token, "Idempotency-Key": "once"}
    first = send_form(headers, preset="Water meter")
    change_preset(meter, fields={"digits": "9"})
    assert send_form(headers, preset="Water meter").json() == first.json()
    delete_preset(meter)
    assert send_form(headers, preset="Water meter").json() == first.json()
    assert send_form(headers, preset="Water meter", expect={"digits": "4"}).status_code == 422
    assert send_form(headers).status_code == 422
    assert Prediction.objects.count() == 1


def test_a_batch_is_read_with_its_preset(alice_token, alice, meter):
    files = [SimpleUploadedFile(f"{number}.png", DATA, "image/png") for number in range(2)]
    data = {"files": files, "preset": "Water meter", "expect": '{"values": "7777"}'}
    answer = Client().post("/api/v1/batches/", data, headers=alice_token)
    body = answer.json()
    assert (answer.status_code, body["preset"], body["mode"]) == (202, "Water meter", "number")
    assert body["expect"] == {"digits": "4", "values": "7777"}
    assert Batch.objects.get().preset == meter
    run_waiting_jobs()
    assert {(row.preset, row.reason) for row in Prediction.objects.all()} == {(meter, "unexpected")}


def test_a_repeated_batch_gets_its_answer_after_the_preset_was_deleted(alice_token, meter):
    headers = {**alice_token, "Idempotency-Key": "once"}

    def send() -> Any:
        files = [SimpleUploadedFile("a.png", DATA, "image/png")]
        return Client().post("/api/v1/batches/", {"files": files, "preset": "Water meter"}, headers=headers)

    first = send()
    delete_preset(meter)
    assert (send().json(), Batch.objects.count()) == (first.json(), 1)


@pytest.mark.parametrize("data", [{"preset": "Gas meter"}, {"expect": '{"digits": "x"}'}])
def test_a_batch_with_a_wrong_expectation_is_refused(alice_token, meter, data):
    files = [SimpleUploadedFile("a.png", DATA, "image/png")]
    answer = Client().post("/api/v1/batches/", {"files": files, **data}, headers=alice_token)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, list(data))
    assert not Batch.objects.exists()
