"""Tests of the endpoints of batches."""

import csv
import io
import json
import uuid
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from recognizer.models import Batch, BatchItem, IdempotencyRecord, Job
from recognizer.services.limits import idempotency
from recognizer.services.work import runs
from tests.pictures import digit_png
from tests.recognizer.tables import fetch_api_workbook, rows_of_sheet

URL = "/api/v1/batches/"
pytestmark = pytest.mark.django_db


def png(digit: int, name: str = "") -> SimpleUploadedFile:
    return SimpleUploadedFile(name or f"{digit}.png", digit_png(digit), "image/png")


def archive(**files: bytes) -> SimpleUploadedFile:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return SimpleUploadedFile("pictures.zip", buffer.getvalue(), "application/zip")


def post(headers, **data):
    return Client().post(URL, data, headers=headers)


def read_all() -> None:
    for job_id in Job.objects.filter(state=Job.State.WAITING).values_list("pk", flat=True):
        runs.run_job(runs.claim_job(job_id, message=uuid.uuid4()))


@pytest.fixture
def batch(alice_token, model) -> dict:
    return post(alice_token, name="Monday", files=[png(1), png(7), SimpleUploadedFile("=x.png", b"no picture")]).json()


def test_a_batch_is_accepted_at_once_and_read_later(client, alice_token, model):
    answer = post(alice_token, files=[png(1), png(7)])

    assert (answer.status_code, answer.json()["state"], answer.json()["waiting"]) == (202, "reading", 2)
    assert int(answer["Retry-After"]) > 0
    read_all()
    done = client.get(answer["Location"], headers=alice_token).json()
    assert (done["state"], done["done"], done["waiting"]) == ("done", 2, 0)


def test_an_xlsx_file_is_written_fetched_and_nobody_else_s(client, alice_token, bob_token, batch):
    early = client.post(f"{batch['url']}results.xlsx", headers=alice_token).json()
    assert client.get(f"{early['url']}file/", headers=alice_token).status_code == 409
    sheet = fetch_api_workbook(batch["url"], alice_token)["Results"]
    assert [row["file"] for row in rows_of_sheet(sheet)] == ["1.png", "7.png", "=x.png"]
    assert client.post(f"{batch['url']}results.xlsx", headers=bob_token).status_code == 404
    for url in (early["url"], f"{early['url']}file/"):
        assert client.get(url, headers=bob_token).status_code == 404
        assert client.get(url).status_code == 401
        assert client.post(url, headers=alice_token).status_code == 405


def test_a_zip_is_a_batch(client, alice_token, model):
    made = post(alice_token, zip=archive(**{"a.png": digit_png(1), "b/c.png": digit_png(2)})).json()
    read_all()

    items = client.get(made["items_url"], headers=alice_token).json()["results"]
    assert [item["state"] for item in items] == ["done", "done"]
    assert client.get(items[0]["prediction_url"], headers=alice_token).json()["source"] == "batch"


def test_results_come_as_json_lines(client, alice_token, batch):
    read_all()
    answer = client.get(batch["results_jsonl_url"], headers=alice_token)

    lines = [json.loads(line) for line in answer.getvalue().decode().splitlines()]
    assert [line["file"] for line in lines] == ["1.png", "7.png", "=x.png"]
    assert lines[1]["text"] == "7"
    assert len(lines[1]["glyphs"][0]["probabilities"]) == 10
    assert lines[2]["error"] == {
        "code": "unsupported_format",
        "detail": "This file format is not supported. Use PNG, JPEG, WebP, GIF or BMP; "
        "batches also take PDF, TIFF and ZIP.",
    }


def test_results_come_as_a_table_without_formulas(client, alice_token, batch):
    read_all()
    text = client.get(batch["results_csv_url"], headers=alice_token).getvalue().decode()

    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0][:2] == ["position", "file"]
    assert rows[2][1:3] == ["7.png", "done"]
    assert rows[3][1] == "'=x.png"


def test_a_deleted_upload_is_in_no_result(client, alice_token, batch):
    read_all()
    items = client.get(batch["items_url"], headers=alice_token).json()["results"]
    client.delete(items[1]["prediction_url"], headers=alice_token)

    lines = client.get(batch["results_jsonl_url"], headers=alice_token).getvalue().decode().splitlines()
    assert "text" not in json.loads(lines[1])


def test_a_cancelled_batch_reads_nothing_more(client, alice_token, batch):
    answer = client.post(f"{batch['url']}cancel/", headers=alice_token)
    read_all()

    assert (answer.json()["state"], answer.json()["cancelled"]) == ("cancelled", 2)
    assert not BatchItem.objects.filter(state=BatchItem.State.DONE).exists()


def test_an_open_batch_takes_more_files(client, alice_token, model):
    made = post(alice_token, close="false", files=[png(1)]).json()
    assert made["state"] == "open"
    more = client.post(f"{made['url']}files/", {"files": [png(2)]}, headers=alice_token)
    assert (more.status_code, more.json()["total"], more.json()["state"]) == (202, 2, "reading")

    late = client.post(f"{made['url']}files/", {"files": [png(3)]}, headers=alice_token)
    assert (late.status_code, late.json()["code"]) == (409, "conflict")


def test_an_open_batch_is_closed_without_files_and_not_twice(client, alice_token, bob_token, model):
    made = post(alice_token, close="false", files=[png(1)]).json()
    url = f"{made['url']}files/"
    assert client.post(url, {"close": "true"}, headers=bob_token).status_code == 404
    headers = {**alice_token, "Idempotency-Key": "end"}
    first, again = (client.post(url, {"close": "true"}, headers=headers) for _ in range(2))
    assert (first.status_code, first.json()["total"], first.json()["state"]) == (202, 1, "reading")
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
    assert client.post(url, {"close": "true"}, headers=alice_token).json()["code"] == "conflict"


@pytest.mark.parametrize("data", [{}, {"close": "false"}, {"close": "true", "files": "text"}])
def test_a_request_that_lost_its_files_does_not_close_the_batch(client, alice_token, model, data):
    made = post(alice_token, close="false", files=[png(1)]).json()
    answer = client.post(f"{made['url']}files/", data, headers=alice_token)
    assert (answer.status_code, answer.json()["code"]) == (400, "missing_file")
    assert client.get(made["url"], headers=alice_token).json()["state"] == "open"


def test_a_file_that_is_too_large_does_not_close_the_batch(client, alice_token, model):
    made = post(alice_token, close="false", files=[png(1)]).json()
    large = SimpleUploadedFile("a.png", b"x" * (20 * 1024 * 1024 + 1))
    answer = client.post(f"{made['url']}files/", {"files": [large], "close": "true"}, headers=alice_token)
    assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")
    assert client.get(made["url"], headers=alice_token).json()["state"] == "open"


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        ({}, 400, "missing_file"),
        ({"files": "text"}, 400, "missing_file"),
        ({"zip": SimpleUploadedFile("a.zip", b"PK\x03\x04 cut")}, 422, "corrupt_archive"),
        ({"files": [png(1)], "zip": archive(a=b"")}, 400, "bad_request"),
        ({"files": [png(1)], "mode": "letters"}, 400, "invalid"),
        ({"files": [SimpleUploadedFile(f"{n}.png", b"x") for n in range(101)]}, 400, "bad_request"),
        ({"files": [SimpleUploadedFile("a.png", b"x" * (20 * 1024 * 1024 + 1))]}, 413, "file_too_large"),
    ],
)
def test_an_invalid_batch_stores_nothing(alice_token, model, media, data, status, code):
    answer = post(alice_token, **data)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Batch.objects.exists()
    assert not [path for path in media.rglob("*") if path.is_file()]


def test_one_key_creates_one_batch(alice_token, model):
    headers = {**alice_token, "Idempotency-Key": "b-1"}
    first, again = post(headers, files=[png(1)]), post(headers, files=[png(1)])

    assert first.status_code == again.status_code == 202
    assert first.json() == again.json()
    assert post(headers, files=[png(2)]).json()["code"] == "idempotency_key_reused"
    assert Batch.objects.count() == 1


def test_an_answer_that_was_never_stored_is_rendered_anew(alice_token, model):
    """The first process died after the transaction and before it stored its answer."""
    headers = {**alice_token, "Idempotency-Key": "b-1"}
    first = post(headers, files=[png(1)])
    IdempotencyRecord.objects.update(body={"id": first.json()["id"]})
    again = post(headers, files=[png(1)])

    assert (again.status_code, again["Idempotent-Replayed"]) == (202, "true")
    assert first.json() == again.json()
    assert Batch.objects.count() == 1


def test_one_key_adds_files_once_even_if_the_batch_was_closed(client, alice_token, model):
    made = post(alice_token, close="false", files=[png(1)]).json()
    headers = {**alice_token, "Idempotency-Key": "f-1"}
    first, again = (client.post(f"{made['url']}files/", {"files": [png(2)]}, headers=headers) for _ in range(2))

    assert first.status_code == again.status_code == 202
    assert first.json() == again.json()
    assert again["Idempotent-Replayed"] == "true"
    assert BatchItem.objects.count() == 2


def test_a_request_that_lost_its_key_stores_nothing(alice_token, model, media, monkeypatch):
    """The request took more than a minute, and a repetition of it took the key over."""

    def store_too_late(record, created_id):
        IdempotencyRecord.objects.filter(pk=record.pk).update(created_at=timezone.now())
        return store_created_id(record, created_id)

    store_created_id = idempotency.store_created_id
    monkeypatch.setattr(idempotency, "store_created_id", store_too_late)
    answer = post({**alice_token, "Idempotency-Key": "b-1"}, files=[png(1)])

    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_in_use")
    assert not Batch.objects.exists()
    assert not [path for path in media.rglob("*") if path.is_file()]


@pytest.mark.parametrize("part", ["", "items/", "results.jsonl", "results.csv"])
def test_a_stranger_gets_404(client, bob_token, batch, part):
    foreign = client.get(f"{batch['url']}{part}", headers=bob_token)
    missing = client.get(f"{URL}00000000-0000-4000-8000-000000000000/{part}", headers=bob_token)

    assert foreign.status_code == missing.status_code == 404
    assert foreign.content == missing.content


def test_the_list_of_batches_costs_the_same_for_many(client, alice_token, model, django_assert_num_queries):
    for _ in range(3):
        post(alice_token, files=[png(1)])
    with django_assert_num_queries(3):  # the token with its owner, batches, their items' states
        assert len(client.get(URL, headers=alice_token).json()["results"]) == 3


def test_names_with_folders_are_kept(client, alice_token, model):
    names = json.dumps(["May/1.png", "../../May\n/\u202e2.png"])
    batch = post(alice_token, files=[png(1), png(7)], names=names).json()
    items = client.get(batch["items_url"], headers=alice_token).json()["results"]
    assert [item["name"] for item in items] == ["May/1.png", "May/2.png"]


@pytest.mark.parametrize("names", ['["a.png"]', "x", "{}", "[1, 2]", "[" * 5000])
def test_wrong_names_are_refused(alice_token, model, names):
    answer = post(alice_token, files=[png(1), png(7)], names=names)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert not Batch.objects.exists()
