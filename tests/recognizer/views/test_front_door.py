"""The page of visitors without an account, and the previews of its pad."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from recognizer.figures.drawings import draw_png
from recognizer.models import Prediction, Upload
from recognizer.services import throttles
from recognizer.services.registry.model_versions import models
from tests.pictures import digit_png

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_counters():
    throttles.local_counter.windows.clear()


def preview(client: Client, data: bytes, **headers: str):
    return client.post(reverse("visitor_preview"), {"image": SimpleUploadedFile("drawing.png", data)}, headers=headers)


def test_visitors_are_led_to_the_front_door_and_people_to_their_desk(client, alice_client, model):
    assert client.get(reverse("desk")).url.startswith(reverse("front_door"))
    assert alice_client.get(reverse("front_door")).url == reverse("desk")


def test_the_front_door_says_what_this_is_and_shows_three_examples(client, model):
    page = client.get(reverse("front_door"))
    assert page.status_code == 200
    text = page.content.decode()
    assert "Digitscribe reads handwritten numbers" in text
    assert [example.reading.written for example in page.context["examples"]] == ["7", "1905", "3.75"]
    assert reverse("signup") in text
    assert reverse("login") in text


def test_the_front_door_opens_without_a_model(client, model, monkeypatch):
    model.__class__.objects.update(state="retired")
    monkeypatch.setattr(models, "active", None)
    monkeypatch.setattr(models, "asked_at", -float("inf"))
    page = client.get(reverse("front_door"))
    assert page.status_code == 200
    assert page.context["examples"] == ()


def test_a_visitors_drawing_is_read_and_nothing_is_stored(client, model, media):
    answer = preview(client, digit_png(7))
    assert answer.status_code == 200
    assert 'data-status="7, ' in answer.content.decode()
    assert not Prediction.objects.exists()
    assert not Upload.objects.exists()
    assert [path for path in media.rglob("*") if path.is_file() and path.name != ".gitignore"] == []


def test_previews_are_counted_by_address(client, model, settings):
    settings.PREVIEWS_PER_ADDRESS, settings.NUM_PROXIES = 2, 1
    drawing = draw_png("7")
    statuses = [preview(client, drawing, X_Forwarded_For="192.0.2.1").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert "Retry-After" in preview(client, drawing, X_Forwarded_For="192.0.2.1")
    assert preview(client, drawing, X_Forwarded_For="192.0.2.2").status_code == 200


def test_the_pad_of_visitors_can_be_switched_off(client, model, settings):
    assert "data-pad" in client.get(reverse("front_door")).content.decode()
    settings.PREVIEWS_PER_ADDRESS = 0
    assert "data-pad" not in client.get(reverse("front_door")).content.decode()
    assert preview(client, draw_png("7")).status_code == 404


def blank(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("L", (width, height), 255).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        pytest.param(blank(801, 600), 413, id="too many pixels"),
        pytest.param(blank(10, 10) + bytes(200_000), 413, id="too many bytes"),
        pytest.param(b"no picture", 415, id="no picture"),
        pytest.param(b"", 400, id="empty"),
    ],
)
def test_what_is_no_drawing_is_refused(client, model, data, status):
    assert preview(client, data).status_code == status


def test_a_preview_needs_a_csrf_token(model):
    assert preview(Client(enforce_csrf_checks=True), draw_png("7")).status_code == 403


def test_sign_up_is_offered_only_where_it_is_open(client, model, settings):
    settings.SIGNUP_OPEN = False
    page = client.get(reverse("front_door")).content.decode()
    assert reverse("signup") not in page
    assert reverse("login") in page
