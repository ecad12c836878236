"""Outages of the storage, the database and the temporary folder: what people and programs are told."""

import errno
import sqlite3
from collections.abc import Iterator

import psycopg.errors
import pytest
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.test import Client

from recognizer.models import Upload
from recognizer.outages import problem_of_outage
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.space.probe import PROBE_EVERY_SECONDS, StorageProbe, storage_probe
from tests.pictures import digit_png

API = "/api/v1/predictions/"
JSON = {"Accept": "application/json"}
BROKEN = (errno.EROFS, errno.EIO, errno.EACCES)

only_sqlite = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PRAGMA")


@pytest.fixture
def break_storage(monkeypatch, db):
    """Return a function that makes every later write into the storage fail."""

    def break_storage(code: int) -> None:
        def fail(*args: object, **options: object) -> None:
            raise OSError(code, "broken")

        monkeypatch.setattr(FileSystemStorage, "save", fail)

    return break_storage


def page_upload(client: Client, headers: dict[str, str] | None = None):
    return client.post("/uploads/", {"image": uploaded(digit_png())}, headers=headers)


def uploaded(data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("7.png", data, "image/png")


@pytest.mark.parametrize("code", BROKEN)
def test_a_broken_storage_is_a_503_in_words(alice_client, alice_token, model, break_storage, code):
    break_storage(code)
    page = page_upload(alice_client)
    answer = Client().post(API, digit_png(), content_type="image/png", headers=alice_token)

    assert (page.status_code, answer.status_code) == (503, 503)
    assert b"cannot use its storage" in page.content
    assert answer.json()["code"] == "storage_unavailable"
    assert int(page["Retry-After"]) == int(answer["Retry-After"]) > 0
    assert not Upload.objects.exists()


@pytest.mark.parametrize("code", [errno.ENOSPC, *BROKEN])
def test_a_thumbnail_or_picture_that_cannot_be_kept_is_served(alice, alice_client, model, break_storage, code):
    upload = create_prediction(owner=alice, data=digit_png(), source="upload").upload
    break_storage(code)
    for name in ("thumbnail", "picture"):
        answer = alice_client.get(f"/uploads/{upload.pk}/{name}/")
        assert answer.status_code == 200
        assert b"".join(answer.streaming_content)[:3] in (b"\xff\xd8\xff", b"\x89PN")
    upload.refresh_from_db()
    assert (upload.thumbnail.name, upload.picture.name) == ("", "")


def test_an_original_that_cannot_be_read_is_a_503(alice, alice_client, model, monkeypatch):
    upload = create_prediction(owner=alice, data=digit_png(), source="upload").upload

    def fail(*args: object, **options: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(FileSystemStorage, "_open", fail)
    for name in ("thumbnail", "original"):
        assert alice_client.get(f"/uploads/{upload.pk}/{name}/").status_code == 503


@pytest.mark.parametrize(("headers", "kind"), [({}, "text/html"), (JSON, "application/problem+json")])
def test_an_error_page_is_json_where_json_was_asked_for(alice_client, headers, kind):
    answer = alice_client.get("/history/?cursor=x&decision=nothing", headers=headers)
    missing = alice_client.get("/uploads/00000000-0000-4000-8000-000000000000/", headers=headers)

    assert missing.status_code == 404
    assert missing["Content-Type"].startswith(kind)
    assert answer.status_code < 500


@only_sqlite
@pytest.mark.django_db(transaction=True)
class TestDatabase:
    @pytest.fixture
    def full(self, alice, alice_client, alice_token, model) -> Iterator[None]:
        """Let the database file grow no more."""
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE ballast (content BLOB)")
            (pages,) = cursor.execute("PRAGMA page_count").fetchone()
            cursor.execute(f"PRAGMA max_page_count={pages + 1}")
            with pytest.raises(OperationalError):
                while True:
                    cursor.execute("INSERT INTO ballast VALUES (zeroblob(600))")
        yield
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA max_page_count=1073741823")
            cursor.execute("DROP TABLE ballast")

    @pytest.fixture
    def read_only(self, alice, alice_client, alice_token, model) -> Iterator[None]:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA query_only=1")
        yield
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA query_only=0")

    @pytest.mark.parametrize(("state", "status"), [("full", 507), ("read_only", 503)])
    def test_a_database_that_cannot_be_written_is_told_in_words(
        self, alice_client, alice_token, model, media, state, status, request
    ):
        request.getfixturevalue(state)
        for _ in range(50):  # the last pages of the tables have room for a few rows
            answer = Client().post(API, digit_png(), content_type="image/png", headers=alice_token)
            if answer.status_code != 201:
                break
        page, as_json = page_upload(alice_client), page_upload(alice_client, JSON)

        assert [each.status_code for each in (answer, page, as_json)] == [status] * 3
        assert answer.json()["code"] in ("storage_full", "database_unavailable")
        assert b"Try again later" in page.content
        assert len(list(media.rglob("original.png"))) == Upload.objects.count()

    def test_a_login_that_cannot_be_saved_is_told_in_words(self, read_only):
        answer = Client().post("/login/", {"username": "alice", "password": "alice-password"})
        assert answer.status_code == 503
        assert b"cannot use its database" in answer.content

    def test_a_database_that_cannot_be_opened_is_told_before_any_view_runs(
        self, alice_client, alice_token, model, monkeypatch, tmp_path
    ):
        """The middleware that asks for a login reads the session first."""
        connection.close()
        monkeypatch.setitem(connection.settings_dict, "NAME", str(tmp_path / "missing" / "db.sqlite3"))
        browser = Client(raise_request_exception=False)
        browser.cookies = alice_client.cookies
        page, as_json = browser.get("/history/"), browser.get("/history/", headers=JSON)
        answer = Client().get(API, headers=alice_token)
        connection.close()
        monkeypatch.undo()

        assert [each.status_code for each in (page, as_json, answer)] == [503] * 3
        assert b"cannot use its database" in page.content
        assert as_json.json()["code"] == answer.json()["code"] == "database_unavailable"
        assert int(page["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (psycopg.errors.DiskFull(), "storage_full"),
        (psycopg.errors.ReadOnlySqlTransaction(), "database_unavailable"),
        (psycopg.errors.AdminShutdown(), "database_unavailable"),
        (psycopg.OperationalError("connection refused"), "database_unavailable"),
        (psycopg.errors.UndefinedColumn(), None),
        (sqlite3.OperationalError("no such column: x"), None),
    ],
)
def test_the_errors_of_a_database_that_are_no_defects(cause, code):
    error = OperationalError(str(cause))
    error.__cause__ = cause
    problem = problem_of_outage(error)
    assert (problem and problem.code) == code


def test_a_missing_file_and_a_lost_client_are_no_outages():
    assert problem_of_outage(FileNotFoundError(errno.ENOENT, "gone")) is None
    assert problem_of_outage(ConnectionResetError(errno.ECONNRESET, "lost")) is None
    assert problem_of_outage(TimeoutError("the mail server")) is None


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_temporary_folder_that_cannot_be_used_is_told_in_words(
    alice_client, alice_token, model, settings, tmp_path, accept
):
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "missing"
    large = digit_png() + bytes(3_000_000)  # too large to stay in memory
    page = alice_client.post("/uploads/", {"image": uploaded(large)}, headers={"Accept": accept})
    answer = Client().post(API, {"image": uploaded(large)}, headers=alice_token)
    batch = Client().post("/api/v1/batches/", {"files": [uploaded(large)]}, headers=alice_token)
    old = Client().post("/predict", {"file": uploaded(large)}, headers=alice_token)

    assert [each.status_code for each in (page, answer, batch, old)] == [503] * 4
    assert {each.json()["code"] for each in (answer, batch, old)} == {"storage_unavailable"}


@pytest.fixture
def fresh_probe() -> Iterator[None]:
    storage_probe.probed_at = -float("inf")
    yield
    storage_probe.probed_at = -float("inf")


def test_readyz_writes_reads_and_removes_a_probe(client, model, media, fresh_probe, break_storage):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["storage"]) == (200, "ok")
    assert not [path for path in media.rglob("*") if path.is_file()]

    storage_probe.probed_at = -float("inf")
    break_storage(errno.EROFS)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["storage"], answer.json()["status"]) == (503, "down", "unavailable")


def test_the_storage_is_probed_at_most_every_few_seconds(media, break_storage):
    probe = StorageProbe()
    assert probe.check()
    break_storage(errno.EIO)
    assert probe.check()
    probe.probed_at -= PROBE_EVERY_SECONDS
    assert not probe.check()
