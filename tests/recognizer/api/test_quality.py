"""Streams through the API and the pages: which answers are counted, and what becomes of corrections and presets."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from recognizer.models import Prediction, Stream
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
