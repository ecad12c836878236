"""Tests of the rate limits and their headers."""

import pytest
from django.test import Client

from recognizer.services import throttles

URL = "/api/v1/models/"


@pytest.mark.django_db
def test_too_many_requests_are_refused_with_the_seconds_to_wait(client, alice_token, settings):
    settings.API_REQUESTS_PER_USER = 2
    throttles.local_counter.windows.clear()
    answers = [client.get(URL, headers=alice_token) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer["RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert answers[2].json()["code"] == "throttled"
    assert 0 < int(answers[2]["Retry-After"]) <= 60
    assert answers[0]["RateLimit-Limit"] == "2"
    assert answers[0]["RateLimit-Policy"] == '"user";q=2;w=60'


@pytest.mark.django_db
def test_guessing_tokens_is_limited_by_the_address_and_not_by_a_forged_header(client, settings):
    settings.API_REQUESTS_PER_ADDRESS = 5
    throttles.local_counter.windows.clear()
    answers = [
        client.get(URL, headers={"Authorization": f"Bearer dgs_{n}", "X-Forwarded-For": f"10.0.0.{n}"})
        for n in range(7)
    ]

    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 2


@pytest.mark.django_db
def test_a_limited_address_does_not_limit_the_user_elsewhere(alice_token, settings):
    settings.API_REQUESTS_PER_ADDRESS = 1
    throttles.local_counter.windows.clear()
    here = Client(REMOTE_ADDR="192.0.2.1")
    assert [here.get(URL, headers=alice_token).status_code for _ in range(2)] == [200, 429]

    assert Client(REMOTE_ADDR="192.0.2.2").get(URL, headers=alice_token).status_code == 200
