"""The personal export in the API: started, watched, fetched and deleted."""

import io
import json
import zipfile

import pytest

from recognizer.services.exports.exports import name_picture
from recognizer.services.people.tokens import create_token
from tests.conftest import token_headers
from tests.pictures import digit_png
from tests.recognizer.personal_exports import export_everything, run_export_jobs

pytestmark = pytest.mark.django_db

URL = "/api/v1/me/export/"
FILE = f"{URL}file/"


def account_of(response) -> dict:
    return json.loads(zipfile.ZipFile(io.BytesIO(response.getvalue())).read("account.json"))[0]


def test_an_export_is_started_watched_and_fetched(client, alice_token, add_prediction):
    upload = add_prediction("7").upload
    assert client.get(URL, headers=alice_token).status_code == 404
    started = client.post(URL, headers=alice_token)
    assert (started.status_code, started["Location"], started["Retry-After"]) == (202, f"http://testserver{URL}", "2")
    assert started.json()["state"] == "running"
    assert started.json()["file_url"] is None
    assert client.get(FILE, headers=alice_token).json()["code"] == "conflict"
    run_export_jobs()
    ready = client.get(URL, headers=alice_token).json()
    assert (ready["state"], ready["done"], ready["total"]) == ("ready", 2, 2)
    response = client.get(ready["file_url"], headers=alice_token)
    archive = zipfile.ZipFile(io.BytesIO(response.getvalue()))
    assert archive.read(name_picture(upload)) == digit_png(7, size=60)


@pytest.mark.parametrize("scope", ["read", "write"])
def test_the_export_of_a_token_names_no_tokens(alice, alice_client, client, scope):
    create_token(user=alice, name="secret name")
    export_everything(alice)
    response = client.get(FILE, headers=token_headers(alice, scope=scope))
    assert "tokens" not in account_of(response)
    assert [token["name"] for token in account_of(alice_client.get(FILE))["tokens"]] == ["secret name"]


def test_a_token_cannot_continue_the_download_of_a_login(alice, alice_client, client):
    create_token(user=alice, name="secret name")
    export_everything(alice)
    etag = alice_client.get(FILE)["ETag"]
    headers = {**token_headers(alice), "Range": "bytes=1-", "If-Range": etag}
    assert client.get(FILE, headers=headers).status_code == 200


def test_a_read_only_token_starts_and_deletes_nothing(alice, client):
    headers = token_headers(alice, scope="read")
    assert client.post(URL, headers=headers).status_code == 403
    export_everything(alice)
    assert client.delete(URL, headers=headers).status_code == 403
    assert client.get(URL, headers=headers).json()["state"] == "ready"


def test_an_export_is_deleted(alice, alice_token, bob_token, client):
    export_everything(alice)
    assert client.delete(URL, headers=bob_token).status_code == 404
    assert client.delete(URL, headers=alice_token).status_code == 204
    assert client.get(URL, headers=alice_token).status_code == 404
