"""Documents that are uploaded on the start page, or sent to the API."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from recognizer.models import Batch, Upload
from tests.documents import pdf_of, tiff_of
from tests.recognizer.services.batches.conftest import run_waiting_jobs

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("name", "make"), [("scan.pdf", pdf_of), ("scan.tif", tiff_of), ("photo.png", pdf_of)])
def test_one_document_becomes_a_batch_of_its_pages(alice_client, model, media, name, make):
    answer = alice_client.post(
        reverse("upload_create"), {"mode": "auto", "image": SimpleUploadedFile(name, make("40"))}
    )
    batch = Batch.objects.get()
    assert answer["Location"] == reverse("batch_detail", args=[batch.pk])
    run_waiting_jobs()
    page = alice_client.get(answer["Location"]).content.decode()
    assert "2 of 2 read" in page and "page 1" in page and "page 2" in page


def test_the_api_takes_documents_in_batches_but_not_as_a_single_picture(alice_token, model, media):
    file = SimpleUploadedFile("scan.pdf", pdf_of("40"))
    refused = Client().post("/api/v1/predictions/", {"image": file}, headers=alice_token)
    assert (refused.status_code, refused.json()["code"]) == (415, "unsupported_format")
    assert not Upload.objects.exists()
    file.seek(0)
    batch = Client().post("/api/v1/batches/", {"files": [file]}, headers=alice_token).json()
    run_waiting_jobs()
    items = Client().get(batch["items_url"], headers=alice_token).json()["results"]
    assert [(item["name"], item["page"], item["state"]) for item in items] == [
        ("scan.pdf", 1, "done"),
        ("scan.pdf", 2, "done"),
    ]
