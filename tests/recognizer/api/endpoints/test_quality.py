"""Streams through the API and the pages: which answers are counted, and what becomes of corrections and presets."""

import hashlib
import json
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse

from recognizer.models import ModelVersion, Prediction, Stream, StreamMonth
from recognizer.services.registry.model_versions import models
from tests.pictures import digit_png
from tests.recognizer.services.batches.conftest import run_waiting_jobs

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("model", "media")]
PREDICTIONS = "/api/v1/predictions/"
Answer = dict[str, Any]


@pytest.fixture
def read(client, alice_token) -> Callable[..., Answer]:
    """Return a function that gives a picture of a digit to the API and returns the answer."""

    def post(digit: int = 7, **parameters: str) -> Answer:
        answer = client.post(
            PREDICTIONS,
            digit_png(digit, size=100),
            content_type="image/png",
            headers=alice_token,
            query_params={"mode": "digit", **parameters},
        )
        assert answer.status_code == 201, answer.content
        body: Answer = answer.json()
        return body

    return post


@pytest.fixture
def read_again(alice_client) -> Callable[..., Prediction]:
    """Return a function that reads a picture again on its page and returns its current prediction."""

    def post(answer: Answer, **fields: str) -> Prediction:
        upload = Prediction.objects.get(pk=answer["id"]).upload_id
        alice_client.post(reverse("upload_read_again", args=[upload]), {"mode": "digit", **fields})
        return Prediction.objects.get(upload=upload, is_current=True)

    return post


@pytest.fixture
def patch(client, alice_token) -> Callable[..., None]:
    """Return a function that corrects a prediction, or changes the preset at an address."""

    def send(changed: Prediction | str, **body: Any) -> None:
        address = changed if isinstance(changed, str) else f"{PREDICTIONS}{changed.pk}/"
        answer = client.patch(address, body, content_type="application/json", headers=alice_token)
        assert answer.status_code == 200, answer.content

    return send


@pytest.fixture
def sevens(client, alice_token) -> str:
    """Return the address of a preset."""
    body = {"name": "Sevens", "mode": "digit", "expect": {"values": "7|1"}}
    made = client.post("/api/v1/presets/", body, content_type="application/json", headers=alice_token)
    return str(made["Location"])


@pytest.fixture
def streams(client, alice_token) -> Callable[[], list[Answer]]:
    """Return a function that lists the streams, the newest first."""

    def get() -> list[Answer]:
        found: list[Answer] = client.get("/api/v1/quality/", headers=alice_token).json()
        return found

    return get


def counts(stream: Answer) -> tuple[int, int]:
    return stream["answers"], stream["corrected"]


def test_corrections_count_in_the_month_that_counted_the_picture(read, read_again, patch, streams):
    read(mode="number")
    again = [read_again(read(digit), mode="number") for digit in (1, 2, 3)]
    for prediction in again:
        patch(prediction, text="9")
    digit, number = streams()
    assert (digit["mode"], counts(digit)) == ("digit", (3, 3))
    assert (number["mode"], counts(number)) == ("number", (1, 0))
    patch(again[0], kind="undo")
    patch(again[1], text="8")
    assert [counts(stream) for stream in streams()] == [(3, 2), (1, 0)]


def test_a_correction_that_is_changed_beside_a_later_answer_changes_the_month_of_the_first(
    read, read_again, patch, streams
):
    first = read(7)
    patch(Prediction.objects.get(pk=first["id"]), text="9")
    patch(read_again(first, mode="number"), text="7")
    assert [counts(stream) for stream in streams()] == [(0, 0), (1, 0)]


def stream_of(answer: Answer) -> Stream:
    stream = Prediction.objects.get(pk=answer["id"]).stream
    assert stream
    return stream


def test_the_rest_of_a_batch_is_not_counted_under_the_changed_preset(client, alice_token, sevens, read, patch, streams):
    files = [SimpleUploadedFile("7.png", digit_png(7, size=100), "image/png")]
    client.post("/api/v1/batches/", {"files": files, "preset": "Sevens"}, headers=alice_token)
    patch(sevens, expect={"digits": "1"})
    read(preset="Sevens")
    run_waiting_jobs()
    assert [(each["preset"], each["answers"]) for each in streams()] == [("Sevens", 1), ("Sevens", 1)]


def test_an_answer_that_is_read_again_as_before_stays_in_its_stream(sevens, read, read_again, patch):
    before = read(preset="Sevens")
    patch(sevens, expect={"digits": "1"})
    after = read(preset="Sevens")
    assert read_again(before, expect="as-before").stream == stream_of(before) != stream_of(after)
    assert read_again(before, expect="preset:Sevens").stream == stream_of(after)


def test_rescored_answers_are_not_taken_for_those_of_the_changed_preset(sevens, read, patch, loaded):
    before = read(preset="Sevens")
    patch(sevens, expect={"digits": "1"})
    ModelVersion.objects.filter(state="active").update(state="retired")
    ModelVersion.objects.filter(pk=loaded.pk).update(state="active")
    models.active = None  # asked anew, as after some seconds
    after = read(preset="Sevens")
    call_command("rescore", loaded.version)
    run_waiting_jobs()
    upload = Prediction.objects.get(pk=before["id"]).upload
    again = Prediction.objects.get(upload=upload, is_current=True)
    assert again.model == stream_of(after).model == loaded
    assert again.stream not in (None, stream_of(before), stream_of(after))


def test_a_preset_that_is_changed_back_goes_on_with_its_stream(sevens, read, patch):
    first = stream_of(read(preset="Sevens"))
    patch(sevens, expect={"digits": "1"})
    assert stream_of(read(preset="Sevens")) != first
    patch(sevens, expect={"values": "7|1"})
    assert stream_of(read(preset="Sevens")) == first


def test_a_new_name_and_fields_of_the_request_change_no_stream(sevens, read, patch):
    first = stream_of(read(preset="Sevens"))
    assert stream_of(read(preset="Sevens", expect='{"previous": "3"}')) == first
    patch(sevens, name="Lucky numbers", expect={"values": "7|1"})
    assert stream_of(read(preset="Lucky numbers")) == first


def forget_digest(answer: Answer) -> None:
    """Leave what was expected as a release without digests writes it."""
    row = Prediction.objects.get(pk=answer["id"])
    Prediction.objects.filter(pk=row.pk).update(expected={"preset": "Sevens", "fields": row.expected_fields})


def test_answers_of_an_earlier_release_stay_in_their_stream_while_the_preset_is_the_same(
    sevens, read, read_again, patch
):
    before = read(preset="Sevens", expect='{"previous": "3"}')
    stream = stream_of(before)
    forget_digest(before)
    assert read_again(before, expect="as-before").stream == stream
    forget_digest(before)
    Prediction.objects.exclude(pk=before["id"]).delete()
    Prediction.objects.update(is_current=True)
    patch(sevens, expect={"digits": "1"})
    assert read_again(before, expect="as-before").stream not in (None, stream, stream_of(read(preset="Sevens")))


def test_a_request_without_a_preset_does_not_take_the_target_of_a_deleted_one(
    client, alice_client, alice_token, sevens, read, streams
):
    stream = stream_of(read(preset="Sevens"))
    alice_client.post(reverse("quality_wish", args=[stream.pk]), {"wish": "0.02"})
    client.delete(sevens, headers=alice_token)
    read(expect='{"digits": "1"}')
    assert [(each["preset"], each["wish"]) for each in streams()] == [(None, None), ("Sevens", 0.02)]


def test_a_batch_of_a_deleted_preset_names_no_stream(client, alice_token, sevens, read, streams):
    files = [SimpleUploadedFile("7.png", digit_png(7, size=100), "image/png")]
    client.post("/api/v1/batches/", {"files": files, "preset": "Sevens"}, headers=alice_token)
    client.delete(sevens, headers=alice_token)
    run_waiting_jobs()
    read(expect='{"digits": "1"}')
    assert [(each["preset"], each["answers"]) for each in streams()] == [(None, 2)]


def key_without_fields(stream: Stream) -> str:
    """Return the key that a stream had before the fields of its preset were part of it."""
    parts = [stream.mode, stream.decimal, str(stream.preset_id or ""), stream.is_expected]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def test_streams_keep_their_promises_when_their_keys_are_renewed(sevens, read, patch, monkeypatch):
    migration = import_module("recognizer.migrations.0052_stream_keys")
    monkeypatch.setattr(migration, "STREAMS_AT_ONCE", 2)
    ended, plain = stream_of(read(preset="Sevens")), stream_of(read())
    patch(sevens, expect={"digits": "1"})
    promised = stream_of(read(preset="Sevens"))
    misnamed = stream_of(read(expect='{"digits": "1"}'))
    Stream.objects.filter(pk=ended.pk).update(key=str(ended.pk))
    Stream.objects.filter(pk=promised.pk).update(key=key_without_fields(promised), wish=0.02, threshold=0.97)
    Stream.objects.filter(pk=misnamed.pk).update(name="Sevens")
    for _repeated in range(2):
        migration.renew_keys(apps, None)
        assert stream_of(read(preset="Sevens")) == promised
        assert stream_of(read(expect='{"digits": "1"}')) == misnamed
        assert stream_of(read()) == plain
        promised.refresh_from_db()
        misnamed.refresh_from_db()
        ended.refresh_from_db()
        assert (promised.wish, promised.threshold, misnamed.name) == (0.02, 0.97, "")
        assert ended.key == str(ended.pk)
        # A process of the earlier release begins another stream meanwhile.
        values = {"owner": promised.owner, "model": promised.model, "mode": "digit", "share": 0.2}
        key = key_without_fields(promised)
        Stream.objects.get_or_create(**values, preset=promised.preset, is_expected=True, key=key)


def test_the_way_back_gives_streams_the_keys_of_the_earlier_release(sevens, read, patch):
    migration = import_module("recognizer.migrations.0052_stream_keys")
    ended, plain = stream_of(read(preset="Sevens")), stream_of(read())
    patch(sevens, expect={"digits": "1"})
    promised = stream_of(read(preset="Sevens"))
    Stream.objects.filter(pk=promised.pk).update(name="Ones")  # as before the preset was renamed
    migration.restore_keys(apps, None)
    found = dict(Stream.objects.values_list("pk", "key"))
    assert found == {promised.pk: key_without_fields(promised), ended.pk: ended.key, plain.pk: plain.key}
    migration.renew_keys(apps, None)
    promised.refresh_from_db()
    assert (stream_of(read(preset="Sevens")), promised.name) == (promised, "Sevens")


def test_months_have_no_more_corrected_answers_than_answers(read, streams):
    read()
    StreamMonth.objects.update(corrected=8)
    import_module("recognizer.migrations.0052_stream_keys").limit_corrected(apps, None)
    assert [counts(stream) for stream in streams()] == [(1, 1)]
