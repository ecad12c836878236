"""Tests of the endpoints for clients of the older demos."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from recognizer.models import Upload
from tests.conftest import client_of
from tests.pictures import digit_png

pytestmark = pytest.mark.django_db


def predict(headers, **data):
    return Client().post("/predict", data or {"file": SimpleUploadedFile("a.png", digit_png(7))}, headers=headers)


def test_predict_answers_one_digit(alice_token, model):
    answer = predict(alice_token)

    assert answer.status_code == 200
    assert answer.json()["digit"] == 7
    assert 0 < answer.json()["confidence"] <= 1


@pytest.mark.parametrize(("data", "code"), [({"x": "y"}, "missing_file"), ({"file": "text"}, "missing_file")])
def test_predict_returns_the_same_problems(alice_token, model, data, code):
    assert predict(alice_token, **data).json()["code"] == code


def test_feature_maps_belong_to_the_callers_latest_picture(client, alice_token, bob_token, model):
    predict(alice_token)
    made = predict(alice_token).json()

    assert client.get("/feature_maps", headers=alice_token).json()["url"] == f"{made['prediction_url']}feature-maps/"
    assert client.get("/feature_maps", headers=bob_token).status_code == 404


def test_reset_asks_for_confirmation(alice, alice_token, model):
    predict(alice_token)
    page = client_of(alice)

    assert b"<form" in page.get("/reset").content
    assert Upload.objects.get().deleted_at is None
    assert page.post("/reset")["Location"] == "/"
    assert Upload.objects.get().deleted_at is not None


def test_reset_needs_its_csrf_token(alice, alice_token, model):
    predict(alice_token)
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)

    assert client.post("/reset").status_code == 403
    assert Upload.objects.get().deleted_at is None


def test_a_setting_switches_them_off(alice_client, alice_token, model, settings):
    settings.OLD_CLIENTS = False

    assert predict(alice_token).status_code == 404
    assert alice_client.get("/feature_maps").status_code == 404
    assert alice_client.get("/reset").status_code == 404
