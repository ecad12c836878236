"""Request rates: exactly as many requests pass as the limit allows, in Redis and without it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.test import RequestFactory

from recognizer.services.throttles import LocalCounter, Rate, address_of, count_request
from recognizer.services.work import broker


def count_passed(times: int, rate: Rate) -> int:
    with ThreadPoolExecutor(64) as pool:
        return sum(status.is_allowed for [status] in pool.map(lambda _: count_request([rate]), range(times)))


def test_exactly_10_of_64_parallel_requests_pass_in_redis(redis_server):
    assert count_passed(64, Rate("test", 10, "alice")) == 10
    assert not broker.breaker.is_open


def test_exactly_10_of_64_parallel_requests_pass_in_one_process_while_redis_is_down():
    assert count_passed(64, Rate("test", 10, "bob")) == 10
    assert broker.breaker.is_open


def test_the_requests_of_one_person_do_not_count_for_another(redis_server):
    count_passed(20, Rate("test", 10, "carol"))

    assert count_request([Rate("test", 10, "dave")])[0].is_allowed


def test_a_window_ends():
    now = 0.0
    counter = LocalCounter(clock=lambda: now)
    rate = Rate("test", 1, "alice", seconds=60)
    assert [counter.count_request(rate).is_allowed for _ in range(2)] == [True, False]
    now = 60.0
    assert counter.count_request(rate).is_allowed


def test_a_window_in_redis_expires(redis_server):
    rate = Rate("test", 1, "erin", seconds=600)

    assert 0 < count_request([rate])[0].resets_in_seconds <= 600
    assert 0 < broker.redis_client().pttl(rate.key) <= 600_000


@pytest.mark.parametrize("expires_in", [3 * 3600 * 1000, None])
def test_a_window_does_not_last_for_hours_after_the_clock_was_set_back(redis_server, expires_in):
    rate = Rate("test", 1, "frank", seconds=600)
    broker.redis_client().set(rate.key, 1, px=expires_in)

    assert count_request([rate])[0].resets_in_seconds == 600
    assert 0 < broker.redis_client().pttl(rate.key) <= 600_000


def test_changing_callers_cannot_fill_the_memory(monkeypatch):
    monkeypatch.setattr(LocalCounter, "MAX_KEYS", 5)
    counter = LocalCounter()
    for who in range(100):
        counter.count_request(Rate("test", 1, str(who)))
    assert len(counter.windows) <= 5


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
def test_the_address_is_taken_from_the_nearest_trusted_proxy(settings, proxies, remote, forwarded, address):
    settings.NUM_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded)

    assert address_of(request) == address
