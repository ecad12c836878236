"""Exactly as many requests as the limit says, whoever asks in parallel."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.test import Client, RequestFactory

from recognizer.services.limits import throttles
from recognizer.services.limits.throttles import LocalCounter, Rate, address_of, count_request
from recognizer.services.work import broker

URL = "/api/v1/models/"


def burst(times: int, rate: Rate) -> int:
    with ThreadPoolExecutor(64) as pool:
        return sum(status.is_allowed for [status] in pool.map(lambda _: count_request([rate]), range(times)))


def test_of_64_parallel_requests_exactly_10_pass_in_redis(redis_server):
    assert burst(64, Rate("test", 10, "alice")) == 10


def test_of_64_parallel_requests_exactly_10_pass_in_one_process_while_redis_is_down():
    assert burst(64, Rate("test", 10, "bob")) == 10
    assert broker.breaker.is_open


def test_one_persons_burst_is_not_anothers(redis_server):
    burst(20, Rate("test", 10, "carol"))

    assert count_request([Rate("test", 10, "dave")])[0].is_allowed


def test_a_window_ends():
    now = 0.0
    counter = LocalCounter(clock=lambda: now)
    rate = Rate("test", 1, "alice", seconds=60)
    assert [counter.count_request(rate).is_allowed for _ in range(2)] == [True, False]
    now = 60.0
    assert counter.count_request(rate).is_allowed


def test_a_window_in_redis_ends_by_itself(redis_server):
    rate = Rate("test", 1, "erin", seconds=1)

    assert 0 < count_request([rate])[0].resets_in_seconds <= 1
    assert 0 < broker.redis_client().pttl(rate.key) <= 1000


def test_rotating_callers_cannot_fill_the_memory(monkeypatch):
    monkeypatch.setattr(LocalCounter, "MAX_KEYS", 5)
    counter = LocalCounter()
    for who in range(100):
        counter.count_request(Rate("test", 1, str(who)))
    assert len(counter.windows) <= 5


@pytest.mark.django_db
def test_too_many_requests_are_told_when_to_come_back(client, alice_token, settings):
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
def test_who_guesses_tokens_is_limited_by_address_whatever_they_say_it_is(client, settings):
    settings.API_REQUESTS_PER_ADDRESS = 5
    throttles.local_counter.windows.clear()
    answers = [
        client.get(URL, headers={"Authorization": f"Bearer dgs_{n}", "X-Forwarded-For": f"10.0.0.{n}"})
        for n in range(7)
    ]

    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 2


@pytest.mark.django_db
def test_a_locked_out_address_locks_nobody_out_elsewhere(alice_token, settings):
    settings.API_REQUESTS_PER_ADDRESS = 1
    throttles.local_counter.windows.clear()
    here = Client(REMOTE_ADDR="192.0.2.1")
    assert [here.get(URL, headers=alice_token).status_code for _ in range(2)] == [200, 429]

    assert Client(REMOTE_ADDR="192.0.2.2").get(URL, headers=alice_token).status_code == 200


@pytest.mark.parametrize(
    ("proxies", "remote", "forwarded", "address"),
    [
        (0, "192.0.2.1", "203.0.113.9", "192.0.2.1"),
        (1, "127.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        (2, "127.0.0.1", "203.0.113.9, 198.51.100.7", "203.0.113.9"),
        (1, "127.0.0.1", "", "127.0.0.1"),
        (1, "127.0.0.1", "<script>", "unknown"),
        (0, "2001:db8:1:2:3:4:5:6", "", "2001:0db8:0001:0002"),
        (0, "::ffff:192.0.2.1", "", "192.0.2.1"),
        (0, "", "", "unknown"),
    ],
)
def test_the_address_is_what_the_nearest_trusted_proxy_wrote(settings, proxies, remote, forwarded, address):
    settings.NUM_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded)

    assert address_of(request) == address
