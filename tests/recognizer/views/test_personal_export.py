"""The personal export on the account page: started, shown while it is written, fetched, continued and deleted."""

import gc
import io
import json
import zipfile

import pytest
from django.http import StreamingHttpResponse
from django.urls import reverse

from recognizer.models import PersonalExport
from recognizer.services.exports.exports import name_picture
from recognizer.services.limits.download_slots import DOWNLOADS_AT_ONCE, DownloadSlots
from recognizer.services.people.tokens import create_token
from tests.conftest import token_headers
from tests.recognizer.personal_exports import export_everything, run_export_jobs

pytestmark = pytest.mark.django_db


START, FILE, DELETE = "account_export", "account_export_file", "account_export_delete"
HTMX = {"HX-Request": "true"}


def part_of(client) -> str:
    return client.get(reverse(START), headers=HTMX).content.decode()


def test_all_data_of_an_account_can_be_exported(alice, alice_client, add_prediction):
    prediction = add_prediction("19")
    create_token(user=alice, name="script")
    assert "Export all my data" in part_of(alice_client)
    for _ in range(2):
        assert alice_client.post(reverse(START)).headers["Location"] == "/account/#export"
    assert "Your export waits for its turn." in part_of(alice_client)
    assert "hx-get" in part_of(alice_client)
    run_export_jobs()
    assert "Download export" in part_of(alice_client)
    assert "hx-get" not in part_of(alice_client)
    response = alice_client.get(reverse(FILE))
    assert response["Content-Type"] == "application/zip"
    assert 'filename="digitscribe-account.zip"' in response["Content-Disposition"]
    content = response.getvalue()
    assert int(response["Content-Length"]) == len(content)
    archive = zipfile.ZipFile(io.BytesIO(content))
    account = json.loads(archive.read("account.json"))[0]
    assert (account["username"], account["tokens"][0]["name"]) == ("alice", "script")
    assert "digest" not in account["tokens"][0]
    (read,) = json.loads(archive.read("predictions/0001.json"))
    assert (read["text"], len(read["glyphs"])) == ("19", 2)
    assert name_picture(prediction.upload) in archive.namelist()


def test_without_htmx_the_state_is_on_the_account_page(alice_client):
    assert alice_client.get(reverse(START)).headers["Location"] == "/account/#export"
    assert "Export all my data" in alice_client.get(reverse("account")).content.decode()


def test_a_failed_export_can_be_started_again(alice_client, alice):
    alice_client.post(reverse(START))
    export = PersonalExport.objects.get()
    export.job.state = export.job.State.FAILED
    export.job.save()
    assert "The export failed" in part_of(alice_client)
    alice_client.post(reverse(START))
    run_export_jobs()
    assert "Download export" in part_of(alice_client)


def test_a_file_that_is_not_ready_is_a_conflict(alice_client):
    assert alice_client.get(reverse(FILE)).status_code == 404
    alice_client.post(reverse(START))
    assert alice_client.get(reverse(FILE)).status_code == 409


def test_a_download_that_broke_off_continues(alice, alice_client, add_prediction):
    add_prediction("7")
    export_everything(alice)
    whole = alice_client.get(reverse(FILE))
    content, etag = whole.getvalue(), whole["ETag"]
    rest = alice_client.get(reverse(FILE), headers={"Range": "bytes=100-", "If-Range": etag})
    assert (rest.status_code, rest["Content-Range"]) == (206, f"bytes 100-{len(content) - 1}/{len(content)}")
    assert rest.getvalue() == content[100:]


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=100-", "If-Range": '"another"'},
        {"Range": "bytes=99999999-"},
        {"Range": "bytes=0-9"},
        {"Range": "bytes=-9"},
        {"Range": "bytes=1-2,3-4"},
        {"Range": f"bytes={'9' * 5000}-"},
    ],
)
def test_other_ranges_get_the_whole_file(alice, alice_client, headers):
    export_everything(alice)
    response = alice_client.get(reverse(FILE), headers=headers)
    assert response.status_code == 200
    assert zipfile.ZipFile(io.BytesIO(response.getvalue())).testzip() is None


def test_an_account_downloads_three_times_at_once_and_not_more(alice, alice_client, bob, bob_client):
    export_everything(alice)
    export_everything(bob)
    running = [alice_client.get(reverse(FILE)) for _ in range(3)]
    assert [response.status_code for response in running] == [200, 200, 200]
    refused = alice_client.get(reverse(FILE))
    assert (refused.status_code, refused["Retry-After"]) == (429, "30")
    assert bob_client.get(reverse(FILE)).status_code == 200
    for response in running:
        assert response.getvalue()  # the end of a response closes it
    assert zipfile.ZipFile(io.BytesIO(alice_client.get(reverse(FILE)).getvalue())).testzip() is None


def test_a_download_frees_its_slot_once():
    slots = DownloadSlots()
    first, second = slots.hold(7, iter([b"a"])), slots.hold(7, iter([]))
    for _ in range(2):
        first.close()
    assert dict(slots.running) == {7: 1}
    second.close()
    assert not slots.running


def test_a_download_that_broke_off_ends_its_pieces_with_the_response():
    slots, ended = DownloadSlots(), []

    def rows():
        try:
            yield from "ab"
        finally:
            ended.append("query")

    response = StreamingHttpResponse(slots.hold(7, rows()))
    content = iter(response)
    assert next(content) == b"a"
    response.close()
    assert ended == ["query"] and not slots.running


def test_a_response_that_an_error_replaces_frees_its_slot():
    slots = DownloadSlots()
    slots.hold(7, iter([b"a"]))
    gc.collect()
    assert not slots.running


def test_a_request_for_the_headers_takes_no_slot_and_reads_no_file(alice, alice_client):
    export_everything(alice)
    downloads = [alice_client.get(reverse(FILE)) for _ in range(DOWNLOADS_AT_ONCE)]
    assert alice_client.get(reverse(FILE)).status_code == 429
    answer = alice_client.head(reverse(FILE))
    assert (answer.status_code, answer["Content-Length"]) == (200, downloads[0]["Content-Length"])
    for download in downloads:
        download.close()


def test_nobody_else_gets_the_file(alice, bob_client, client):
    export_everything(alice)
    assert bob_client.get(reverse(FILE)).status_code == 404
    bob_client.post(reverse(DELETE))
    assert PersonalExport.objects.exists()
    assert client.get(reverse(FILE)).status_code == 302


def test_an_export_is_deleted(alice, alice_client):
    export_everything(alice)
    for _ in range(2):
        assert alice_client.post(reverse(DELETE)).headers["Location"] == "/account/#export"
    assert not PersonalExport.objects.exists()


@pytest.mark.parametrize("name", [START, FILE, "account", "notices"])
def test_no_cache_keeps_personal_pages_and_files(alice, alice_client, name):
    export_everything(alice)
    assert "no-store" in alice_client.get(reverse(name), follow=True)["Cache-Control"]


def test_no_cache_keeps_what_the_api_answers_of_an_export(alice, client):
    export_everything(alice)
    response = client.get("/api/v1/me/export/file/", headers=token_headers(alice))
    assert "no-store" in response["Cache-Control"]
