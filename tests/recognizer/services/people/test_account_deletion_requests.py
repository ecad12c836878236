"""Deletion of an account while its requests run: they end before it, or they are refused."""

import threading
import uuid
from collections.abc import Callable

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client

from recognizer.models import Job, Prediction, Usage
from recognizer.problems import Problem
from recognizer.services import account_state
from recognizer.services.history import corrections
from recognizer.services.people import addresses
from recognizer.services.people.account_deletion import request_deletion
from recognizer.services.people.owned_data import models_with_rows_of
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.work.sweeper import sweep
from tests.conftest import client_of, token_headers
from tests.pictures import digit_png
from tests.recognizer.deletions import files_in, is_finished, run_deletions
from tests.recognizer.threads import meanwhile

pytestmark = pytest.mark.django_db


@pytest.fixture
def prediction(alice, model, media) -> Prediction:
    return create_prediction(owner=alice, data=digit_png(7), source="upload", draw_maps=True)


@pytest.mark.django_db(transaction=True)
def test_a_deletion_waits_for_a_picture_that_is_being_saved(alice, model, media):
    with meanwhile(lambda: request_deletion(alice)):
        create_prediction(owner=alice, data=digit_png(7), source="upload")
    run_deletions()
    assert models_with_rows_of(alice.pk) == []
    assert files_in(media) == []


@pytest.mark.django_db(transaction=True)
def test_a_picture_waits_for_the_request_and_is_refused(alice, model, media):
    codes = []

    def post():
        with pytest.raises(Problem) as raised:
            create_prediction(owner=alice, data=digit_png(7), source="upload")
        codes.append(raised.value.code)

    Usage.objects.create(user=alice, pictures=0, bytes=0)
    with meanwhile(post):
        request_deletion(alice)
    assert codes == ["account_deletion"]
    assert files_in(media) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round", range(3))
def test_concurrent_requests_are_answered_or_refused(alice, model, media, round):
    """Posts of all kinds run while the account is closed and deleted. None of them fails with an internal error."""
    prediction = create_prediction(owner=alice, data=digit_png(7), source="upload")
    headers = token_headers(alice)
    page = client_of(alice)
    statuses: list[tuple[str, int]] = []
    stop = threading.Event()

    def png() -> ContentFile:
        return ContentFile(digit_png(3), name="3.png")

    def send(name: str, post: Callable[[], int]) -> None:
        try:
            while not stop.is_set():
                statuses.append((name, post()))
        except Exception as error:  # noqa: BLE001  (whatever it is, the test shows it)
            statuses.append((f"{name}: {error!r}", 500))
        finally:
            connection.close()

    client = Client(raise_request_exception=False)
    page.raise_request_exception = False
    api = "/api/v1"
    posts: dict[str, Callable[[], int]] = {
        "prediction": lambda: (
            client.post(f"{api}/predictions/", digit_png(3), content_type="image/png", headers=headers).status_code
        ),
        "keyed prediction": lambda: (
            client.post(
                f"{api}/predictions/",
                digit_png(3),
                content_type="image/png",
                headers=headers | {"Idempotency-Key": uuid.uuid4().hex},
            ).status_code
        ),
        "batch": lambda: client.post(f"{api}/batches/", {"files": png()}, headers=headers).status_code,
        "correction": lambda: (
            client.patch(
                f"{api}/predictions/{prediction.pk}/", {"text": "1"}, content_type="application/json", headers=headers
            ).status_code
        ),
        "page": lambda: page.post("/account/email/", {"email": "x@example.org"}).status_code,
    }
    threads = [threading.Thread(target=send, args=item) for item in posts.items()]
    for thread in threads:
        thread.start()
    threading.Event().wait(0.3)
    request_deletion(alice)
    while not is_finished(alice.pk):
        run_deletions()
        sweep()
    stop.set()
    for thread in threads:
        thread.join()
    assert not [status for status in statuses if status[1] >= 500]
    last = dict(statuses)
    assert set(last.values()) <= {401, 403, 302}
    assert models_with_rows_of(alice.pk) == []
    assert files_in(media) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("door", ["page", "API"])
def test_a_request_whose_account_is_deleted_before_it_writes_is_refused(alice, prediction, monkeypatch, door):
    def delete_first(write: Callable[..., object]) -> Callable[..., object]:
        def write_late(*args, **kwargs):
            request_deletion(alice)
            run_deletions()
            return write(*args, **kwargs)

        return write_late

    Job.objects.all().delete()
    url, headers, client = f"/api/v1/predictions/{prediction.pk}/", token_headers(alice), client_of(alice)
    if door == "page":
        monkeypatch.setattr(addresses, "set_address", delete_first(addresses.set_address))
        answer = client.post("/account/email/", {"email": "x@example.org"})
    else:
        monkeypatch.setattr(corrections, "correct", delete_first(corrections.correct))
        answer = Client().patch(url, {"text": "1"}, content_type="application/json", headers=headers)
    assert answer.status_code == 403
    assert "This account is being deleted." in answer.content.decode()
    assert models_with_rows_of(alice.pk) == []


def test_errors_of_requests_whose_account_was_deleted_are_refusals(alice):
    error = RuntimeError("a row is missing")
    assert account_state.problem_of_deletion(alice.pk, error) is None
    assert account_state.problem_of_deletion(None, error) is None
    request_deletion(alice)
    problem = account_state.problem_of_deletion(alice.pk, error)
    assert problem and problem.code == "account_deletion"
