"""Tests of the endpoints of models: what every account sees, and what trainers alone change."""

import hashlib
import io
import zipfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from mlcore.artifact import CARD, SHIPPED
from recognizer.models import IdempotencyRecord, ModelEvent, ModelVersion, Promotion
from recognizer.services.limits import idempotency
from recognizer.services.registry import model_transfer
from recognizer.services.registry.model_transfer import upload_model
from recognizer.services.registry.model_versions import register_model
from recognizer.services.registry.promotion import store_gate
from tests.conftest import client_of, refresh_login, token_headers
from tests.ended_training import create_ended_training
from tests.model_archives import hostile_archives, model_files, zipped
from tests.recognizer.services.registry.artifacts import copy_shipped

URL = "/api/v1/models/"
CANDIDATE = f"{URL}digits-other/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def trainer(bob: User) -> User:
    bob.user_permissions.add(Permission.objects.get(codename="trainer"))
    return bob


@pytest.fixture
def candidate(model: ModelVersion, media: object, tmp_path: Path) -> ModelVersion:
    return register_model(copy_shipped(tmp_path / "digits-other"))


def get(user: User, url: str = URL, **options: Any) -> Any:
    return Client().get(url, headers=token_headers(user, **options))


def send(user: User, url: str, body: Any = None, *, method: str = "post", scope: str = "write") -> Any:
    sent = getattr(Client(), method)
    return sent(url, body or {}, content_type="application/json", headers=token_headers(user, scope=scope))


def upload(user: User, data: bytes, *, key: str = "", **options: Any) -> Any:
    headers = token_headers(user, **options) | ({"Idempotency-Key": key} if key else {})
    return Client().post(URL, {"file": SimpleUploadedFile("model.zip", data)}, headers=headers)


def states() -> dict[str, str]:
    return dict(ModelVersion.objects.values_list("version", "state"))


def test_a_trainer_activates_a_candidate_that_passed_and_goes_back(model, candidate, trainer):
    store_gate(candidate, model, {"passed": True, "checks": []})
    made = send(trainer, f"{CANDIDATE}promote/")
    body = made.json()
    assert (made.status_code, body["state"], body["replaced"]) == (200, "active", model.version)
    assert body["gate"] == {"passed": True, "against": model.version, "checks": []}
    assert get(trainer, f"{URL}current/").json() == body
    count = Promotion.objects.count()
    assert send(trainer, f"{CANDIDATE}promote/").json() == body  # a repeated request changes nothing
    assert Promotion.objects.count() == count
    back = send(trainer, f"{URL}{body['replaced']}/promote/").json()
    assert (back["state"], back["replaced"]) == ("active", "digits-other")
    assert states() == {model.version: "active", "digits-other": "retired"}
    assert Promotion.objects.filter(by=trainer).count() == 2


@pytest.mark.parametrize("reason", [None, "", "  \n"])
def test_the_gate_refuses_and_a_reason_overrules_it_and_is_kept(model, candidate, trainer, reason):
    store_gate(candidate, model, {"passed": False, "checks": [{"name": "digit_7", "passed": False}]})
    refused = send(trainer, f"{CANDIDATE}promote/", {} if reason is None else {"reason": reason})
    assert (refused.status_code, refused.json()["code"]) == (409, "gate_not_passed")
    assert "digit_7" in refused.json()["detail"]
    assert send(trainer, f"{CANDIDATE}promote/", {"reason": "x" * 201}).status_code == 400
    assert send(trainer, f"{CANDIDATE}promote/", {"reason": 7}).status_code == 400
    assert states()["digits-other"] == "candidate"
    assert send(trainer, f"{CANDIDATE}promote/", {"reason": "it reads our forms"}).status_code == 200
    assert Promotion.objects.get(version=candidate).reason == "it reads our forms"


def test_a_model_whose_files_are_damaged_is_not_activated(model, candidate, trainer, media):
    store_gate(candidate, model, {"passed": True, "checks": []})
    (Path(media) / candidate.stored_folder / "model.onnx").write_bytes(b"broken")
    refused = send(trainer, f"{CANDIDATE}promote/")
    assert (refused.status_code, refused.json()["code"]) == (503, "model_unavailable")
    assert "digits-other cannot be loaded" in refused.json()["detail"]
    assert get(trainer, f"{CANDIDATE}download/").status_code == 503
    assert states()[model.version] == "active"


def test_a_candidate_is_retired_and_the_active_model_is_not(model, candidate, trainer):
    assert send(trainer, f"{CANDIDATE}retire/").json()["state"] == "retired"
    assert send(trainer, f"{CANDIDATE}retire/").status_code == 200
    assert ModelEvent.objects.get().kind == "retired"
    assert send(trainer, f"{URL}{model.version}/retire/").status_code == 409
    assert states()[model.version] == "active"


def test_title_and_note_are_changed_one_by_one(model, candidate, trainer, alice):
    assert send(trainer, CANDIDATE, {"title": "Meters"}, method="patch").json()["title"] == "Meters"
    body = send(trainer, CANDIDATE, {"note": "Too sure\nof 7s"}, method="patch").json()
    assert (body["title"], body["note"]) == ("Meters", "Too sure\nof 7s")
    assert get(alice, CANDIDATE).json() == body
    send(trainer, CANDIDATE, {}, method="patch")
    assert sorted(ModelEvent.objects.values_list("kind", flat=True)) == ["noted", "titled"]
    for wrong in ({"title": "x" * 61}, {"note": "x" * 1_001}, {"title": None}, {"note": ["x"]}, {"note": "\0"}):
        assert send(trainer, CANDIDATE, wrong, method="patch").status_code == 400
    assert send(trainer, CANDIDATE, {"title": ""}, method="patch").json()["title"] == ""


def test_an_uploaded_model_is_a_candidate_and_its_files_are_downloaded(model, media, trainer):
    data = zipped(model_files("meters"))
    made = upload(trainer, data, key="first")
    body = made.json()
    assert (made.status_code, made["Location"]) == (201, body["url"])
    assert (body["version"], body["state"], body["gate"], body["replaced"]) == ("meters", "candidate", None, None)
    assert ModelVersion.objects.get(version="meters").card["metrics"] == {}

    again = upload(trainer, data, key="first")
    assert (again.status_code, again.json(), again["Idempotent-Replayed"]) == (201, body, "true")
    assert upload(trainer, zipped(model_files("other")), key="first").status_code == 422
    assert upload(trainer, data).status_code == 409
    assert ModelVersion.objects.count() == 2

    headers = Client().head(f"{body['url']}download/", headers=token_headers(trainer, scope="read"))
    assert (headers.status_code, headers.has_header("Content-Length")) == (200, False)
    files = get(trainer, f"{body['url']}download/", scope="read")
    assert (files["Content-Type"], files["Content-Disposition"]) == (
        "application/zip",
        'attachment; filename="meters.zip"',
    )
    with zipfile.ZipFile(io.BytesIO(b"".join(files.streaming_content))) as archive:
        assert CARD in archive.namelist()
        assert archive.read("model.onnx") == (SHIPPED / "model.onnx").read_bytes()
    assert list(ModelEvent.objects.order_by("at").values_list("kind", flat=True)) == ["uploaded", "downloaded"]


def test_a_key_is_answered_although_the_process_died_before_it_stored_the_answer(model, media, trainer):
    data = zipped(model_files("meters"))
    fingerprint = idempotency.fingerprint("model", hashlib.sha256(data).hexdigest())
    record = idempotency.claim_key(owner_id=trainer.pk, key="first", fingerprint=fingerprint)
    upload_model(data, by=trainer, record=record)
    answer = upload(trainer, data, key="first")
    assert (answer.status_code, answer.json()["version"], answer["Idempotent-Replayed"]) == (201, "meters", "true")


def test_an_upload_that_dies_leaves_nothing_and_is_repeated_with_its_key(model, media, trainer, monkeypatch):
    def die(*_arguments: object, **_values: object) -> None:
        raise SystemExit

    data = zipped(model_files("meters"))
    with monkeypatch.context() as patch:
        patch.setattr(model_transfer, "record_event", die)
        with pytest.raises(SystemExit):
            upload(trainer, data, key="first")
    assert not ModelVersion.objects.filter(version="meters").exists()
    assert not (Path(media) / "models").exists()
    assert upload(trainer, data, key="first").status_code == 201
    assert ModelEvent.objects.get().kind == "uploaded"


def test_hostile_models_are_refused_and_nothing_is_kept(model, media, trainer):
    for data, text in hostile_archives():
        refused = upload(trainer, data, key=f"key-{len(text)}")
        assert (refused.status_code, refused.json()["code"]) == (422, "model_refused"), text
        assert text in refused.json()["detail"]
    assert upload(trainer, b"x" * 20_971_521).status_code == 413
    headers = token_headers(trainer)
    assert Client().post(URL, {}, headers=headers).json()["code"] == "missing_file"
    two = [SimpleUploadedFile("a.zip", b"x"), SimpleUploadedFile("b.zip", b"x")]
    assert Client().post(URL, {"file": two}, headers=headers).status_code == 400
    assert Client().post(URL, b"x", content_type="application/zip", headers=headers).status_code == 415
    assert ModelVersion.objects.count() == 1
    assert not ModelEvent.objects.exists()
    assert not IdempotencyRecord.objects.exists()
    assert not (Path(media) / "models").exists()


def test_others_see_models_and_change_nothing(model, candidate, alice, trainer, admin):
    def answers(user: User, scope: str = "write") -> list[int]:
        return [
            upload(user, zipped(model_files("meters")), scope=scope).status_code,
            send(user, CANDIDATE, {"title": "mine"}, method="patch", scope=scope).status_code,
            send(user, f"{CANDIDATE}promote/", {"reason": "mine"}, scope=scope).status_code,
            send(user, f"{CANDIDATE}retire/", scope=scope).status_code,
        ]

    assert answers(alice) == [403] * 4
    assert answers(trainer, scope="read") == [403] * 4
    assert get(alice, f"{CANDIDATE}download/").status_code == 403
    assert states() == {model.version: "active", "digits-other": "candidate"}
    assert not ModelEvent.objects.exists()
    assert {body["version"] for body in get(alice).json()} == {model.version, "digits-other"}
    assert Client().get(URL).status_code == 401
    staff = User.objects.create_user("staff", is_staff=True)
    assert answers(staff) == [403] * 4
    assert send(admin, f"{CANDIDATE}retire/").status_code == 200


def test_a_session_needs_a_fresh_login_as_on_the_pages(model, candidate, trainer):
    client = client_of(trainer)
    refresh_login(client, trainer, at=1.0)
    for answer in (
        client.post(f"{CANDIDATE}promote/", {"reason": "mine"}, content_type="application/json"),
        client.get(f"{CANDIDATE}download/"),
        client.post(URL, {"file": SimpleUploadedFile("model.zip", b"x")}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "stale_login")
    assert states()["digits-other"] == "candidate"


def test_unknown_models_are_not_found(model, trainer):
    for path in ("promote/", "retire/"):
        assert send(trainer, f"{URL}digits-404/{path}").status_code == 404
    assert send(trainer, f"{URL}digits-404/", {"title": "x"}, method="patch").status_code == 404
    assert get(trainer, f"{URL}digits-404/download/").status_code == 404


def test_a_list_names_the_training_of_each_candidate_in_few_queries(
    model, media, tmp_path, alice, django_assert_max_num_queries
):
    create_ended_training(model, by=alice, folder=tmp_path)
    headers = token_headers(alice)
    with django_assert_max_num_queries(6):
        rows = {row["version"]: row for row in Client().get(URL, headers=headers).json()}
    learnt = rows["learnt-1"]
    assert (learnt["trained_from"], learnt["training_url"]) == (model.version, "http://testserver/api/v1/trainings/1/")
    assert (learnt["gate"]["passed"], learnt["gate"]["against"]) == (False, model.version)
    assert (rows[model.version]["trained_from"], rows[model.version]["training_url"]) == (None, None)


def test_the_promotions_tell_which_model_was_active_on_a_day(model, candidate, trainer, alice):
    Promotion.objects.all().delete()
    march = partial(datetime, 2026, 3, tzinfo=UTC)
    Promotion.objects.create(version=candidate, previous=model, by=trainer, reason="our forms", at=march(3, 12))
    Promotion.objects.create(version=model, previous=candidate, at=march(5, 12))

    def on(user: User, day: str) -> list[dict[str, Any]]:
        return list(get(user, f"{URL}promotions/?on={day}").json()["results"])

    assert on(alice, "2026-03-02") == []
    assert [row["model"] for row in on(alice, "2026-03-04")] == ["digits-other"]
    first, second = on(trainer, "2026-03-05")
    assert (first["model"], first["replaced"], first["by"]) == ("digits-other", model.version, "bob")
    assert (second["model"], second["replaced"], second["by"]) == (model.version, "digits-other", None)
    newest = get(alice, f"{URL}promotions/").json()["results"]
    assert [(row["at"], row["by"], row["reason"]) for row in newest] == [
        ("2026-03-05T12:00:00Z", None, ""),
        ("2026-03-03T12:00:00Z", None, "our forms"),
    ]
    for text in ("3 March", "", "2026-3-3", "2026-02-30", "20260303"):
        refused = get(alice, f"{URL}promotions/?on={text}")
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid")
    assert Client().get(f"{URL}promotions/").status_code == 401
