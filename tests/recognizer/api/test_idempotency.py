"""Tests of the Idempotency-Key: repeated requests create one prediction."""

import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from recognizer.models import IdempotencyRecord, Upload
from recognizer.services.limits import idempotency
from tests.pictures import digit_png

URL = "/api/v1/predictions/"
pytestmark = pytest.mark.django_db


def post(headers, data=None, query="", key="k-1"):
    return Client().post(
        URL + query, data or digit_png(7), content_type="image/png", headers={**headers, "Idempotency-Key": key}
    )


def test_the_same_key_gets_the_stored_answer(alice_token, model):
    first, again = post(alice_token), post(alice_token)

    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert first["Location"] == again["Location"]
    assert again["Idempotent-Replayed"] == "true"
    assert Upload.objects.count() == 1


def test_another_encoding_of_the_picture_is_the_same_request(alice_token, model):
    first = post(alice_token)
    encoded = {"image": base64.b64encode(digit_png(7)).decode()}
    again = Client().post(
        URL, encoded, content_type="application/json", headers={**alice_token, "Idempotency-Key": "k-1"}
    )

    assert first.json() == again.json()


def test_an_answer_that_was_never_stored_is_rendered_anew(alice_token, model):
    """The first process died after the transaction and before it stored its answer."""
    first = post(alice_token)
    IdempotencyRecord.objects.update(body={"id": first.json()["id"]})
    again = post(alice_token)

    assert again["Idempotent-Replayed"] == "true"
    assert first.json() == again.json()
    assert idempotency.stored_answer(IdempotencyRecord.objects.get()) == first.json()
    assert Upload.objects.count() == 1


def test_a_replay_is_identical_after_a_correction(alice_token, model):
    first = post(alice_token)
    Client().patch(first.json()["url"], {"text": "1"}, content_type="application/json", headers=alice_token)

    assert post(alice_token).content == first.content


@pytest.mark.parametrize(("data", "query"), [(digit_png(4), ""), (None, "?mode=digit")])
def test_another_picture_or_parameter_under_the_same_key_is_refused(alice_token, model, data, query):
    post(alice_token)
    other = post(alice_token, data, query)

    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert Upload.objects.count() == 1


def test_two_users_can_use_the_same_key(alice_token, bob_token, model):
    assert post(alice_token).json()["id"] != post(bob_token).json()["id"]


def test_a_running_key_is_a_conflict_for_one_minute(alice, alice_token, model):
    same = idempotency.fingerprint("anything")
    record = idempotency.claim_key(owner_id=alice.pk, key="k-1", fingerprint=same)
    with pytest.raises(idempotency.Problem, match="still running"):
        idempotency.claim_key(owner_id=alice.pk, key="k-1", fingerprint=same)

    long_ago = timezone.now() - timedelta(seconds=61)
    IdempotencyRecord.objects.filter(pk=record.pk).update(created_at=long_ago)
    record.created_at = long_ago
    taken_over = idempotency.claim_key(owner_id=alice.pk, key="k-1", fingerprint=same)

    with pytest.raises(idempotency.Problem, match="still running"):
        idempotency.store_created_id(record, uuid4())
    idempotency.store_created_id(taken_over, uuid4())


def test_a_conflict_with_a_running_key_tells_when_to_ask_again(alice, alice_token, model):
    same = idempotency.fingerprint("prediction", hashlib.sha256(digit_png(7)).hexdigest(), "auto", "")
    idempotency.claim_key(owner_id=alice.pk, key="k-1", fingerprint=same)
    answer = post(alice_token)

    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_in_use")
    assert 0 < int(answer["Retry-After"]) <= 60


def test_a_failed_creation_frees_its_key(alice_token, model):
    assert post(alice_token, b"not a picture").status_code == 415
    assert post(alice_token).status_code == 201


@pytest.mark.parametrize("query", ["", "?save=false"])
@pytest.mark.parametrize("key", ["", "x" * 256, "é"])
def test_an_invalid_key_is_refused(alice_token, model, key, query):
    assert post(alice_token, key=key, query=query).json()["code"] == "bad_request"


@pytest.mark.django_db(transaction=True)
def test_eight_parallel_requests_create_one_prediction(alice_token, model):
    def one(_):
        try:
            return post(alice_token)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(one, range(8)))

    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    assert Upload.objects.count() == 1
