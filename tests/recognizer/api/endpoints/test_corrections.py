"""Tests of correcting, deleting and restoring predictions."""

import pytest
from django.test import Client

from recognizer.models import Correction, Prediction, Upload
from recognizer.services.history.corrections import add_box, remove_box
from tests.pictures import digit_png
from tests.readings import make_reading, store_reading

URL = "/api/v1/predictions/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def seven(client, alice_token, model) -> str:
    answer = client.post(URL, digit_png(7), content_type="image/png", headers=alice_token)
    return answer["Location"]


def corrected(kind, written, text=None, value=None):
    """Return the body of a correction. Numbers without signs are their own text and value."""
    text = written if text is None else text
    return {"kind": kind, "text": text, "written": written, "value": value or text.lstrip("0") or None}


def patch(url, headers, **body):
    return Client().patch(url, body, content_type="application/json", headers=headers)


def test_the_whole_text_is_corrected(seven, alice, alice_token):
    answer = patch(seven, alice_token, text="1")

    assert answer.status_code == 200
    assert answer.json()["correction"] == corrected("correct", "1")
    assert answer.json()["text"] == "7"
    assert Correction.objects.get().by == alice


def test_one_digit_is_corrected(seven, alice_token):
    answer = patch(seven, alice_token, glyphs=[{"position": 0, "digit": 1}])

    assert answer.json()["correction"] == corrected("correct", "1")


def test_a_position_may_not_be_sent_twice(seven, alice_token):
    answer = patch(seven, alice_token, glyphs=[{"position": 0, "digit": 1}, {"position": 0, "digit": 2}])

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert answer.json()["errors"] == {"glyphs": ["Send each position once."]}


@pytest.fixture
def number(add_prediction) -> Prediction:
    return add_prediction("1937")


def url_of(prediction: Prediction) -> str:
    return f"{URL}{prediction.pk}/"


def test_a_position_keeps_its_glyph_when_the_boxes_change(number, alice, alice_token):
    remove_box(prediction=number, by=alice, position=1)
    answer = patch(url_of(number), alice_token, glyphs=[{"position": 2, "digit": 8}])
    assert answer.json()["correction"] == corrected("correct", "187")

    for x in (0, 1):
        add_box(prediction=number, by=alice, box=(x, 30, 5, 5), label="0")
    answer = patch(url_of(number), alice_token, glyphs=[{"position": 0, "digit": 2}, {"position": 3, "digit": None}])
    assert answer.json()["correction"] == corrected("correct", "0028")


def test_a_glyph_whose_box_is_gone_cannot_be_corrected(number, alice, alice_token):
    remove_box(prediction=number, by=alice, position=1)
    answer = patch(url_of(number), alice_token, glyphs=[{"position": 0, "digit": 2}, {"position": 1, "digit": 4}])

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert Correction.objects.count() == 1


def test_a_correct_answer_is_confirmed(seven, alice_token):
    assert patch(seven, alice_token, kind="confirm").json()["correction"] == corrected("confirm", "7")


def test_a_picture_can_be_marked_as_not_a_digit(seven, alice_token):
    assert patch(seven, alice_token, kind="not_a_digit").json()["correction"] == corrected("not_a_digit", "")


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"written": "-13.50"}, corrected("correct", "-13.50", "1350", "-13.50")),
        ({"written": " \N{MINUS SIGN}12,50 "}, corrected("correct", "-12,50", "1250", "-12.50")),
        ({"written": "-12.50"}, corrected("confirm", "-12.50", "1250", "-12.50")),
        ({"written": "1250"}, corrected("correct", "1250")),
        ({"text": "1358"}, corrected("correct", "-13.58", "1358", "-13.58")),
        ({"text": "125"}, corrected("correct", "125")),
        ({"text": "12\n50"}, {**corrected("correct", "12\n50"), "value": None}),
        ({"glyphs": [{"position": 3, "digit": 1}]}, corrected("correct", "-12.51", "1251", "-12.51")),
        ({"glyphs": [{"position": 3, "digit": None}]}, corrected("correct", "-12.5", "125", "-12.5")),
        ({"kind": "confirm"}, corrected("confirm", "-12.50", "1250", "-12.50")),
        ({"kind": "not_a_digit"}, corrected("not_a_digit", "")),
    ],
)
def test_the_written_form_and_the_digits_are_corrected_apart(sent, expected, alice, alice_token, model):
    prediction = store_reading(make_reading("-12.50"), owner=alice)

    answer = patch(f"{URL}{prediction.pk}/", alice_token, **sent)

    assert answer.json()["correction"] == expected
    assert (answer.json()["text"], answer.json()["written"]) == ("1250", "-12.50")


def test_lines_stay_apart_when_a_digit_is_corrected(alice, alice_token, model):
    prediction = store_reading(make_reading("12.5\n-34"), owner=alice)

    answer = patch(f"{URL}{prediction.pk}/", alice_token, glyphs=[{"position": 3, "digit": 9}])

    assert answer.json()["correction"] == {**corrected("correct", "12.5\n-94", "125\n94"), "value": None}


def test_the_decimal_mark_of_the_reading_settles_the_value_of_a_correction(alice, alice_token, model):
    prediction = store_reading(make_reading("1.234"), owner=alice, decimal="comma")

    answer = patch(f"{URL}{prediction.pk}/", alice_token, written="1.235")

    assert (answer.json()["value"], answer.json()["correction"]["value"]) == ("1234", "1235")


def test_a_correction_is_undone(seven, alice_token):
    patch(seven, alice_token, text="1")

    assert patch(seven, alice_token, kind="undo").json()["correction"] is None
    assert patch(seven, alice_token, kind="undo").json()["code"] == "conflict"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": "seven"},
        {"text": "1" * 660},
        {"text": "1\n"},
        {"text": "-1"},
        {"written": "1 x"},
        {"written": "-\n12"},
        {"written": ""},
        {"written": "1", "text": "1"},
        {"text": "1", "kind": "confirm"},
        {"kind": "correct"},
        {"glyphs": []},
        {"glyphs": [{"position": 9, "digit": 1}]},
        {"glyphs": [{"position": -1, "digit": 1}]},
        {"glyphs": [{"position": 0, "digit": 10}]},
        {"glyphs": {"position": 0}},
    ],
)
def test_an_invalid_correction_is_refused_and_nothing_is_written(seven, alice_token, body):
    answer = patch(seven, alice_token, **body)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert not Correction.objects.exists()


def test_a_stranger_cannot_correct_or_delete(client, seven, bob_token):
    assert patch(seven, bob_token, text="1").status_code == 404
    assert client.delete(seven, headers=bob_token).status_code == 404
    assert not Correction.objects.exists()
    assert Upload.objects.get().deleted_at is None


def test_a_deleted_prediction_is_gone_for_its_owner(client, seven, alice_token):
    assert client.delete(seven, headers=alice_token).status_code == 204

    assert client.get(seven, headers=alice_token).status_code == 404
    assert client.get(URL, headers=alice_token).json()["results"] == []


def test_bulk_delete_deletes_only_the_callers_pictures(client, seven, alice_token, bob_token):
    theirs = client.post(URL, digit_png(1), content_type="image/png", headers=bob_token).json()["id"]
    ids = [seven.split("/")[-2], theirs, "00000000-0000-4000-8000-000000000000"]
    answer = client.post(f"{URL}bulk-delete/", {"ids": ids}, content_type="application/json", headers=alice_token)

    assert answer.json() == {"deleted": 1}
    assert client.get(f"{URL}{theirs}/", headers=bob_token).status_code == 200


def restored(client, headers, *ids):
    asked = {"content_type": "application/json", "headers": headers}
    return client.post(f"{URL}bulk-restore/", {"ids": ids}, **asked).json()


def test_bulk_restore_restores_deleted_pictures_by_the_same_ids(client, seven, alice_token):
    pk = seven.split("/")[-2]
    before = client.get(seven, headers=alice_token).json()
    client.delete(seven, headers=alice_token)

    assert restored(client, alice_token, pk, pk) == {"restored": 1}
    assert client.get(seven, headers=alice_token).json() == before
    assert restored(client, alice_token, pk) == {"restored": 0}


def test_a_stranger_restores_nothing(client, seven, alice_token, bob_token):
    client.delete(seven, headers=alice_token)

    assert restored(client, bob_token, seven.split("/")[-2]) == {"restored": 0}
    assert client.get(seven, headers=alice_token).status_code == 404
