"""Tests of the account, its usage and its deletion."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from recognizer.models import Upload
from recognizer.services.space import quotas
from recognizer.services.space.sizes import prediction_bytes
from tests.pictures import digit_png
from tests.recognizer.deletions import run_deletions

pytestmark = pytest.mark.django_db

STORED = len(digit_png()) + prediction_bytes(1, 0)  # of one picture


def post(headers):
    return Client().post("/api/v1/predictions/", digit_png(), content_type="image/png", headers=headers)


def test_usage_grows_with_every_picture(client, alice_token, model, settings):
    post(alice_token)
    me = client.get("/api/v1/me/", headers=alice_token).json()

    assert me["username"] == "alice"
    assert me["usage"] == {"pictures": 1, "bytes": STORED}
    assert me["quota"] == {"pictures": settings.QUOTA_PICTURES, "bytes": settings.QUOTA_BYTES}


@pytest.mark.parametrize("quota", [{"QUOTA_PICTURES": 1}, {"QUOTA_BYTES": 2 * STORED - 1}])
def test_over_the_quota_nothing_is_stored(alice_token, model, settings, media, quota):
    for name, value in quota.items():
        setattr(settings, name, value)

    answers = [post(alice_token) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 403]
    assert answers[1].json()["code"] == "quota_exceeded"
    assert Upload.objects.count() == 1
    assert len(list(media.rglob("original*"))) == 1


def test_pictures_older_than_the_usage_row_are_counted_once(alice, alice_token, model):
    post(alice_token)
    quotas.Usage.objects.all().delete()
    post(alice_token)

    assert quotas.usage(alice.pk).pictures == 2


def test_a_request_does_not_sum_over_all_pictures(alice_token, model, django_assert_max_num_queries):
    post(alice_token)
    with django_assert_max_num_queries(12) as queries:
        post(alice_token)
    assert not any("SUM(" in query["sql"].upper() or "COUNT(" in query["sql"].upper() for query in queries)


def delete_me(client, password):
    return client.delete("/api/v1/me/", {"password": password}, content_type="application/json")


def test_an_account_is_deleted_with_all_data(alice, alice_client, alice_token, model, media):
    post(alice_token)
    assert delete_me(alice_client, "wrong").status_code == 403
    assert delete_me(alice_client, "alice-password").status_code == 202
    refused = [post(alice_token), delete_me(alice_client, "alice-password")]
    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == 2 * [(403, "account_deletion")]

    run_deletions()
    assert post(alice_token).status_code == 401
    assert delete_me(alice_client, "alice-password").status_code == 401
    assert not User.objects.filter(pk=alice.pk).exists()
    assert not Upload.objects.exists()


def test_a_token_cannot_delete_the_account(client, alice, alice_token):
    answer = client.delete(
        "/api/v1/me/", {"password": "alice-password"}, content_type="application/json", headers=alice_token
    )

    assert answer.status_code == 403
    assert User.objects.filter(pk=alice.pk).exists()


def test_password_attempts_are_limited(alice_client, settings):
    settings.LOGINS_PER_NAME = 3

    answers = [delete_me(alice_client, "wrong") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [403, 403, 403, 429]
    assert int(answers[-1]["Retry-After"]) > 60
