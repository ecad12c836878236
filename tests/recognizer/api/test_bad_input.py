"""Tests of invalid input: every case gets its code and status, and nothing is stored."""

import base64
import errno
import io
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from recognizer.models import Upload
from recognizer.problems import KINDS
from recognizer.services.registry.model_versions import models
from recognizer.storage.disk import AtomicFileSystemStorage
from tests.corpus import NO_DIGIT, NO_INK, READ, REFUSED, Case
from tests.pictures import digit_png

URL = "/api/v1/predictions/"
pytestmark = pytest.mark.django_db


def named(cases):
    return [pytest.param(case, id=case.name) for case in cases]


def send_file(case: Case, headers):
    return Client().post(URL, {"image": SimpleUploadedFile(case.name, case.data, "image/png")}, headers=headers)


def send_raw(case: Case, headers):
    # The test client of Django omits the content type of an empty body.
    return Client().post(URL, case.data, content_type="image/png", headers=headers, CONTENT_TYPE="image/png")


def send_json(case: Case, headers):
    encoded = f"data:image/png;base64,{base64.b64encode(case.data).decode()}"
    return Client().post(URL, {"image": encoded}, content_type="application/json", headers=headers)


def assert_refused(answer, code: str, media) -> None:
    assert (answer.json()["code"], answer.status_code) == (code, KINDS[code].status)
    assert answer.json()["status"] == answer.status_code
    assert answer["Content-Type"] == "application/problem+json"
    assert not Upload.objects.exists()
    assert not [path for path in media.rglob("*") if path.is_file()]


@pytest.mark.any_database
@pytest.mark.parametrize("send", [send_file, send_raw, send_json])
@pytest.mark.parametrize("case", named(REFUSED))
def test_a_file_that_is_no_picture_is_refused_with_its_code(case, send, alice_token, model, media):
    assert_refused(send(case, alice_token), case.error, media)


@pytest.mark.any_database
@pytest.mark.parametrize("case", named(READ))
def test_an_unusual_picture_is_read(case, alice_token, model):
    answer = send_file(case, alice_token)

    assert (answer.status_code, answer.json()["text"]) == (201, case.text)


@pytest.mark.any_database
@pytest.mark.parametrize("case", named(NO_INK))
def test_a_blank_picture_is_rejected(case, alice_token, model):
    body = send_file(case, alice_token).json()

    assert (body["decision"], body["reason"], body["text"]) == ("rejected", case.reason, "")


@pytest.mark.any_database
@pytest.mark.parametrize("case", named(NO_DIGIT))
def test_a_picture_without_a_digit_is_answered(case, alice_token, model):
    assert send_file(case, alice_token).status_code == 201


FORM = "multipart/form-data; boundary=XX"
PART = b'--XX\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n'
END = b"\r\nx\r\n--XX--\r\n"
BODIES = [
    ("no field", FORM, b"--XX--\r\n", "missing_file"),
    ("another field", FORM, PART.replace(b"image", b"photo") + END, "missing_file"),
    ("no file name", FORM, PART.replace(b"a.png", b"") + END, "missing_file"),
    ("text", FORM, PART.replace(b'; filename="a.png"', b"") + END, "missing_file"),
    ("empty file", FORM, PART + b"\r\n\r\n--XX--\r\n", "empty_file"),
    ("two images", FORM, 2 * (PART + b"\r\nx\r\n") + b"--XX--\r\n", "bad_request"),
    ("bad boundary", "multipart/form-data; boundary=" + 80 * "X" + "\x01", b"--XX--\r\n", "bad_request"),
    ("no boundary", "multipart/form-data", b"--XX--\r\n", "bad_request"),
    ("bad base64 part", FORM, PART + b"Content-Transfer-Encoding: base64\r\n" + END.replace(b"x", b"!"), "bad_request"),
    ("empty body", "image/png", b"", "empty_file"),
    ("empty JSON", "application/json", b"", "missing_file"),
    ("no JSON", "application/json", b"{", "bad_request"),
    ("NaN", "application/json", b'{"image": NaN}', "bad_request"),
    ("a number", "application/json", b'{"image": 5}', "bad_request"),
    ("a list", "application/json", b"[1]", "bad_request"),
    ("a deep list", "application/json", 100_000 * b"[", "bad_request"),
    ("not UTF-8", "application/json", b'{"image": "\xff"}', "bad_request"),
    ("null", "application/json", b'{"image": null}', "missing_file"),
    ("empty text", "application/json", b'{"image": ""}', "missing_file"),
    ("not base64", "application/json", b'{"image": "*"}', "bad_request"),
    ("cut base64", "application/json", b'{"image": "aGVsbG8"}', "bad_request"),
    ("no base64 in a data URL", "application/json", b'{"image": "data:image/png;base64,*"}', "bad_request"),
    ("a data URL without a comma", "application/json", b'{"image": "data:image/png"}', "bad_request"),
    ("an empty data URL", "application/json", b'{"image": "data:,"}', "empty_file"),
    ("an SVG data URL", "application/json", b'{"image": "data:image/svg+xml,%3Csvg%2F%3E"}', "unsupported_format"),
    ("a surrogate", "application/json", b'{"image": "\\ud800"}', "bad_request"),
    ("another type", "text/plain", b"hello", "unsupported_media_type"),
    ("a form", "application/x-www-form-urlencoded", b"image=x", "unsupported_media_type"),
    ("no type", "", b"x", "unsupported_media_type"),
]


@pytest.mark.parametrize(("content_type", "body", "code"), [pytest.param(*case[1:], id=case[0]) for case in BODIES])
def test_an_invalid_body_is_refused(content_type, body, code, client, alice_token, model, media):
    answer = client.generic(
        "POST", URL, body, content_type=content_type, headers=alice_token, CONTENT_TYPE=content_type
    )

    assert_refused(answer, code, media)


@pytest.mark.parametrize("as_whom", ["token", "session"])
def test_a_cut_multipart_body_is_refused(as_whom, alice, alice_token, model, media):
    client = Client()
    if as_whom == "session":
        client.force_login(alice)
    whole = PART + b"\r\n" + digit_png() + b"\r\n--XX--\r\n"
    answer = client.generic(
        "POST",
        URL,
        whole[:100],
        content_type=FORM,
        headers=alice_token if as_whom == "token" else {},
    )

    assert answer.status_code == 400
    assert answer.json()["code"] in ("bad_request", "missing_file")


@pytest.mark.parametrize(
    "parameters", [{"mode": "letters"}, {"mode": ""}, {"save": "perhaps"}, {"name": "x" * 201}, {"name": "a\0b"}]
)
def test_an_invalid_parameter_is_refused(parameters, client, alice_token, model, media):
    body = {"image": base64.b64encode(digit_png()).decode(), **parameters}
    answer = client.post(URL, json.dumps(body), content_type="application/json", headers=alice_token)

    assert_refused(answer, "invalid", media)
    assert list(answer.json()["errors"]) == list(parameters)


@pytest.mark.parametrize("name", ["../../etc/passwd", "a" * 400 + ".png", "\u202egnp.exe", "=cmd|x.png", "\x7f.png"])
def test_a_file_name_never_reaches_the_disk(name, client, alice_token, model, media):
    upload = SimpleUploadedFile("x.png", digit_png(), "image/png")
    upload.name = name  # SimpleUploadedFile would cut it
    answer = client.post(URL, {"image": upload}, headers=alice_token)

    assert answer.status_code == 201
    assert len(answer.json()["name"]) <= 200
    assert "/" not in answer.json()["name"]
    assert {path.name.split(".")[0] for path in media.rglob("*") if path.is_file()} == {"original"}


def test_a_body_without_its_length_is_refused(client, alice_token, model, media):
    answer = client.post(
        URL,
        digit_png(),
        content_type="image/png",
        headers=alice_token,
        CONTENT_LENGTH="",
        HTTP_TRANSFER_ENCODING="chunked",
    )

    assert_refused(answer, "file_too_large", media)


def test_a_body_far_over_the_limit_is_not_read(client, alice_token, model, media):
    class Untouchable(io.BytesIO):
        def read(self, *args):
            raise AssertionError("It was read.")

    answer = client.post(
        URL,
        content_type="image/png",
        headers=alice_token,
        **{"CONTENT_LENGTH": str(2**40), "wsgi.input": Untouchable()},
    )

    assert_refused(answer, "file_too_large", media)


def test_an_unknown_host_is_refused(client, alice_token):
    answer = client.get(URL, headers={**alice_token, "Host": "evil.example"})

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


def test_an_unknown_method_is_refused(client, alice_token):
    answer = client.put(URL, headers=alice_token)

    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer["Allow"] == "GET, POST, HEAD"


def test_without_a_model_the_problem_is_model_unavailable(client, alice_token, media):
    models.active = None
    models.asked_at = -float("inf")
    assert_refused(send_raw(Case("x.png", digit_png), alice_token), "model_unavailable", media)


class FullDisk(AtomicFileSystemStorage):
    def _save(self, name, content):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_a_problem(client, alice_token, model, media, settings):
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": f"{__name__}.FullDisk"}}

    assert_refused(send_raw(Case("x.png", digit_png), alice_token), "storage_full", media)


def test_an_unexpected_error_is_a_logged_500_without_details(alice_token, model, monkeypatch, caplog):
    def broken(*args: object, **options: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr("recognizer.api.endpoints.predictions.read_for", broken)
    answer = Client(raise_request_exception=False).post(URL, digit_png(), content_type="image/png", headers=alice_token)

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert b"secret" not in answer.content
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("body", ["null", "[]", "5"])
def test_errors_are_given_by_field_even_if_the_body_is_no_object(body, client, alice_token, model):
    answer = client.post(f"{URL}bulk-delete/", body, content_type="application/json", headers=alice_token)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["errors"]) == ["non_field_errors"]


@pytest.mark.parametrize(
    "body",
    [
        {"ids": [1] * 19_000},
        {"ids": [1] * 1_000},
        {"ids": ["x" * 10_000] * 9},
        {"x" * 90_000: 1},
    ],
    ids=["too many", "many", "long", "unknown"],
)
def test_errors_have_a_bounded_size(body, client, alice_token, model):
    answer = client.post(f"{URL}bulk-delete/", json.dumps(body), content_type="application/json", headers=alice_token)
    assert answer.status_code == 400
    assert len(answer.content) < 4_000


def test_the_errors_of_a_long_list_are_the_first_ones(client, alice_token, model):
    body = json.dumps({"ids": ["0" * 32] * 5 + [1] * 500})
    answer = client.post(f"{URL}bulk-delete/", body, content_type="application/json", headers=alice_token)
    assert list(answer.json()["errors"]["ids"]) == [str(number) for number in range(5, 25)]


def test_an_error_does_not_repeat_a_long_value(client, alice_token, model):
    body = {"image": "AAAA", "mode": "x" * 30_000}
    answer = client.post(URL, json.dumps(body), content_type="application/json", headers=alice_token)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert len(answer.content) < 1_000


@pytest.mark.parametrize("where", ["form", "query"])
def test_a_field_that_is_sent_twice_is_refused(where, client, alice_token, model, media):
    fields = {"mode": ["digit", "number"]}
    picture = SimpleUploadedFile("x.png", digit_png(), "image/png")
    if where == "form":
        answer = client.post(URL, {"image": picture, **fields}, headers=alice_token)
    else:
        address = f"{URL}?mode=digit&mode=number"
        answer = client.post(address, digit_png(), content_type="image/png", headers=alice_token)
    assert_refused(answer, "bad_request", media)
    assert "mode once" in answer.json()["detail"]
