"""Tests of the pictures, inputs and feature maps of a prediction."""

import hashlib
import io
import uuid

import pytest
from PIL import Image

from recognizer.models import Job
from recognizer.services.work import runs
from tests.pictures import digit_png, draw_digit, encode

URL = "/api/v1/predictions/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def seven(client, alice_token, model) -> dict:
    return client.post(URL, digit_png(7), content_type="image/png", headers=alice_token).json()


def opened(answer) -> Image.Image:
    return Image.open(io.BytesIO(answer.getvalue()))


def test_the_picture_is_upright_and_without_metadata(client, alice_token, model):
    sideways = draw_digit(7).rotate(90)
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "somewhere"
    data = encode(sideways, "JPEG", exif=exif)
    made = client.post(URL, data, content_type="image/jpeg", headers=alice_token).json()
    picture = client.get(made["image_url"], headers=alice_token)

    assert picture["Content-Type"] == "image/jpeg"
    assert b"somewhere" in data
    shown = picture.getvalue()
    assert b"somewhere" not in shown
    assert not Image.open(io.BytesIO(shown)).getexif()


@pytest.mark.parametrize(
    ("part", "content_type", "format"), [("image", "image/png", "PNG"), ("thumbnail", "image/jpeg", "JPEG")]
)
def test_every_picture_has_the_declared_content_type(client, seven, alice_token, part, content_type, format):
    answer = client.get(f"{seven['url']}{part}/", headers=alice_token)

    assert answer["Content-Type"] == content_type
    assert opened(answer).format == format


def test_the_original_is_a_download_of_the_uploaded_bytes(client, seven, alice_token):
    answer = client.get(f"{seven['url']}original/", headers=alice_token)

    assert hashlib.sha256(answer.getvalue()).hexdigest() == seven["sha256"]
    assert answer["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer["Content-Security-Policy"]


def test_the_input_is_28_by_28(client, seven, alice_token):
    assert opened(client.get(seven["glyphs"][0]["input_url"], headers=alice_token)).size == (28, 28)


def test_maps_are_202_until_they_are_drawn(client, seven, alice_token):
    waiting = client.get(seven["feature_maps_url"], headers=alice_token)
    assert (waiting.status_code, waiting.json()["state"]) == (202, "waiting")
    assert waiting["Location"] == seven["feature_maps_url"]
    assert int(waiting["Retry-After"]) > 0

    job = runs.claim_job(Job.objects.get().pk, message=uuid.uuid4())
    runs.run_job(job)
    done = client.get(seven["feature_maps_url"], headers=alice_token)
    assert done.status_code == 200
    assert {one["kind"] for one in done.json()["maps"]} == {"conv", "pool"}
    for one in done.json()["maps"]:
        assert opened(client.get(one["image_url"], headers=alice_token)).format == "PNG"


def test_a_blank_picture_has_no_maps(client, alice_token, model):
    blank = encode(Image.new("RGB", (200, 200), "white"))
    made = client.post(URL, blank, content_type="image/png", headers=alice_token).json()
    answer = client.get(made["feature_maps_url"], headers=alice_token)

    assert (answer.status_code, answer.json()["maps"]) == (200, [])


def test_unchanged_files_are_304(client, seven, alice_token):
    for url in (seven["image_url"], seven["glyphs"][0]["input_url"]):
        first = client.get(url, headers=alice_token)
        assert "immutable" in first["Cache-Control"]
        again = client.get(url, headers={**alice_token, "If-None-Match": first["ETag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("part", ["image", "thumbnail", "original", "feature-maps", "glyphs/0/input"])
def test_a_stranger_gets_404(client, seven, bob_token, part):
    foreign = client.get(f"{seven['url']}{part}/", headers=bob_token)
    missing = client.get(f"{URL}00000000-0000-4000-8000-000000000000/{part}/", headers=bob_token)

    assert foreign.status_code == missing.status_code == 404
    assert foreign.content == missing.content
