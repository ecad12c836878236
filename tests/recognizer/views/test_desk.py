"""The start page: uploads, drawings, examples and previews, and the errors of each."""

import io
import json
import os
import re
import zipfile
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from recognizer.models import Batch, BatchItem, Prediction, Upload
from recognizer.problems import KINDS
from tests.corpus import REFUSED, Case
from tests.pictures import digit_png, varied_pngs

pytestmark = pytest.mark.django_db
TOKEN = re.compile('name="csrfmiddlewaretoken" value="([^"]+)"')
STROKES = [{"pen": 26, "erases": False, "points": [[1.5, 2, 0.5, 0], [3, 4, 0.5, 16]]}]


def send(client: Client, data: bytes, name: str = "seven.png", **fields: str):
    image = SimpleUploadedFile(name, data)
    return client.post(reverse("upload_create"), {**fields, "image": image})  # in the order of the form


def stored_files(media: Path) -> list[Path]:
    return [path for path in media.rglob("*") if path.is_file() and path.name != ".gitignore"]


def test_the_start_page_explains_what_to_do(alice_client, model):
    page = alice_client.get(reverse("desk"))
    assert page.status_code == 200
    assert "Draw or upload a number" in page.content.decode()


def test_the_start_page_shows_the_limits_for_files(alice_client, model):
    assert "up to 20 MB and 24 megapixels" in alice_client.get(reverse("desk")).content.decode()


def test_an_uploaded_picture_is_read_and_has_a_page(alice, alice_client, model):
    answer = send(alice_client, digit_png(7))
    prediction = Prediction.objects.get(owner=alice)
    assert answer.status_code == 302
    assert answer.url == reverse("upload_detail", args=[prediction.upload_id])
    assert (prediction.upload.source, prediction.upload.name) == ("upload", "seven.png")


def test_the_chosen_mode_is_used(alice_client, model):
    send(alice_client, digit_png(7), mode="digit")
    assert Prediction.objects.get().mode == "digit"


def test_the_strokes_of_a_drawing_are_stored(alice_client, model):
    answer = send(alice_client, digit_png(7), source="drawing", strokes=json.dumps(STROKES))
    upload = Upload.objects.get()
    assert answer.url == f"{reverse('upload_detail', args=[upload.pk])}?drawn=1"  # the pad drops its copy
    assert (upload.source, upload.strokes) == ("drawing", STROKES)


@pytest.mark.parametrize(
    "strokes",
    [
        "{",
        "7",
        '[{"pen": 1}]',
        '[{"pen": 1, "erases": false, "points": [[1, 2, 3]]}]',
        '[{"pen": 1, "erases": false, "points": [[NaN, 2, 3, 4]]}]',
        '[{"pen": 1, "erases": false, "points": [[1e999, 2, 3, 4]]}]',
        f'[{{"pen": 1, "erases": false, "points": [[1{"0" * 400}, 2, 3, 4]]}}]',
        f'[{{"pen": 1{"0" * 400}, "erases": false, "points": []}}]',
        '[{"pen": "1", "erases": false, "points": []}]',
        "[" * 100_000,
    ],
)
def test_invalid_strokes_are_refused(alice_client, model, media, strokes):
    answer = send(alice_client, digit_png(7), source="drawing", strokes=strokes)
    assert answer.status_code == 400
    assert "The drawing is damaged." in answer.content.decode()
    assert not Upload.objects.exists()
    assert not stored_files(media)


# This page accepts archives and documents, and makes a batch of them.
BATCHES = ("archive.zip", "paper.pdf", "tiff-named.png")
PICTURES = [case for case in REFUSED if case.name not in BATCHES]


@pytest.mark.parametrize("case", PICTURES, ids=lambda case: case.name)
def test_an_unreadable_file_gets_an_error_and_is_not_stored(alice_client, model, media, case: Case):
    answer = send(alice_client, case.data, name=case.name)
    kind = KINDS[case.error]
    assert answer.status_code == kind.status
    assert escape(answer.context["problem"].detail) in answer.content.decode()
    assert case.error not in answer.content.decode()
    assert not Upload.objects.exists()
    assert not stored_files(media)


@pytest.mark.parametrize("name", ["paper.pdf", "tiff-named.png"])
def test_a_document_becomes_a_batch_whatever_its_name(alice_client, model, media, name):
    (case,) = (case for case in REFUSED if case.name == name)
    answer = send(alice_client, case.data, name=case.name)
    assert answer.status_code == 302
    (item,) = Batch.objects.get().items.all()
    assert answer.url == reverse("batch_detail", args=[item.batch_id])
    assert item.name == name


def test_a_form_without_a_picture_gets_an_error(alice_client, model):
    answer = alice_client.post(reverse("upload_create"), {"mode": "auto"})
    assert answer.status_code == 400
    assert "No picture was sent" in answer.content.decode()


def test_an_unknown_mode_is_refused(alice_client, model):
    assert send(alice_client, digit_png(7), mode="letters").status_code == 400
    assert not Upload.objects.exists()


def test_several_pictures_become_a_batch(alice, alice_client, model):
    files = [SimpleUploadedFile(f"{n}.png", data) for n, data in enumerate(varied_pngs(3))]
    answer = alice_client.post(reverse("upload_create"), {"image": files})
    batch = Batch.objects.get(owner=alice)
    assert answer.url == reverse("batch_detail", args=[batch.pk])
    assert [item.name for item in batch.items.all()] == ["0.png", "1.png", "2.png"]
    assert batch.closed_at is not None


def test_a_damaged_archive_gets_an_error_and_is_not_stored(alice_client, model, media):
    answer = send(alice_client, b"PK\x03\x04" + bytes(60), name="archive.zip")
    assert 400 <= answer.status_code < 500
    assert 'role="alert"' in answer.content.decode()
    assert not Batch.objects.exists()
    assert not stored_files(media)


def test_every_example_can_be_read(alice_client, model):
    page = alice_client.get(reverse("desk"))
    for example in page.context["examples"]:
        answer = alice_client.post(reverse("example_create"), {"example": example})
        assert answer.status_code == 302
    assert Upload.objects.count() == len(page.context["examples"])


def test_an_unknown_example_is_refused(alice_client, model):
    assert alice_client.post(reverse("example_create"), {"example": "cat"}).status_code == 400


def test_a_preview_is_read_and_not_stored(alice_client, model, media):
    image = SimpleUploadedFile("drawing.png", digit_png(7, size=400))
    answer = alice_client.post(reverse("preview"), {"image": image, "mode": "digit"})
    assert answer.status_code == 200
    assert 'data-status="7' in answer.content.decode()
    assert "live-maps" not in answer.content.decode()
    assert not Upload.objects.exists()
    assert not stored_files(media)
    assert not BatchItem.objects.exists()


def test_a_preview_has_the_layers_of_the_network_on_request(alice_client, model):
    image = SimpleUploadedFile("drawing.png", digit_png(7, size=400))
    answer = alice_client.post(reverse("preview"), {"image": image, "mode": "digit", "layers": "1"})
    assert answer.content.decode().count('class="live-maps"') == 9


def test_a_preview_of_an_unreadable_file_shows_the_error(alice_client, model):
    answer = alice_client.post(reverse("preview"), {"image": SimpleUploadedFile("drawing.png", b"rubbish")})
    assert answer.status_code == 415
    assert "Use PNG" in answer.content.decode()


def zip_of(*files: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files:
            archive.writestr(name, data)
    return buffer.getvalue()


def send_with_token(user: User, data: bytes, name: str):
    """Send the form with its CSRF token. Checking the token reads the body before the view is called."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    desk = client.get(reverse("desk")).content.decode()
    return send(client, data, name, csrfmiddlewaretoken=TOKEN.search(desk)[1])


def test_a_zip_may_be_larger_than_a_picture(alice, model):
    packed = zip_of(("seven.png", digit_png(7)), *((f"{n}.bin", os.urandom(11_000_000)) for n in range(2)))
    answer = send_with_token(alice, packed, "many.zip")
    assert answer.status_code == 302, answer.content
    assert sorted(BatchItem.objects.values_list("name", "state")) == [
        ("0.bin", "failed"),
        ("1.bin", "failed"),
        ("seven.png", "waiting"),
    ]


def test_a_picture_may_not_be_as_large_as_a_zip(alice, model):
    answer = send_with_token(alice, b"\x89PNG\r\n\x1a\n" + bytes(20 * 1024 * 1024), "large.png")
    assert answer.status_code == 413
    assert "The maximum is 20 MB." in answer.content.decode()
    assert not Upload.objects.exists()


def test_the_error_text_is_shown_once(alice_client, model):
    page = send(alice_client, b"no picture", "notes.txt").content.decode()
    assert page.count("Use PNG, JPEG, WebP, GIF or BMP") == 1


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("notes.txt", b"no picture", "notes.txt: This file format is not supported. Use PNG, JPEG, WebP, GIF or BMP;"),
        ("bad.png", b"no picture", "bad.png: The file is damaged, or it is no picture."),
        ("cut.png", digit_png(7)[:60], "cut.png: The image is damaged."),
        ("photo.jpg", b"\0\0\0\x18ftypheic", "photo.jpg: HEIC files are not supported."),
        ("nothing.png", b"", "nothing.png: The file is empty."),
        ("<b>.txt", b"no picture", "&lt;b&gt;.txt: This file format"),
    ],
)
def test_the_error_names_the_file_and_what_is_wrong_with_it(alice_client, model, name, data, said):
    page = send(alice_client, data, name).content.decode()
    assert said in page


def test_a_refused_file_leaves_the_menu_on_the_desk(alice_client, model):
    page = send(alice_client, b"no picture", "notes.txt").content.decode()
    assert re.findall(r'aria-current="\w+">([^<]+)<', page) == ["Desk"]
