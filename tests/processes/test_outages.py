"""Tests of pages while Redis refuses connections, is frozen, does not answer, is slow or is full."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import httpx
import pytest
from django.conf import settings

from recognizer.models import Job, Prediction
from recognizer.services.work.broker import PROBE_KEY
from tests.pictures import varied_pngs
from tests.processes.conftest import IS_LONG, Cluster, check_maps, sized, wait_for, wait_for_jobs
from tests.processes.people import person_at
from tests.servers.proxy import Proxy
from tests.servers.redis import RedisServer
from tests.servers.web import WebServer

pytestmark = [pytest.mark.processes]

# The short form runs beside other tests.
MOST_ADDED_SECONDS = 0.8 if IS_LONG else 5.0


class CountingProxy(Proxy):
    """A proxy that counts what requests send to Redis. The circuit breaker sends the rest, to probe it."""

    sent = 0

    def note_sent(self, data: bytes) -> None:
        self.sent += f"{settings.QUEUE_PREFIX}:".encode() in data and PROBE_KEY.encode() not in data


@dataclass
class Uploader:
    """A user who uploads one image after the other in the page."""

    client: httpx.Client
    pictures: Iterator[bytes]
    web: WebServer

    def upload(self) -> float:
        """Upload one image and return how many seconds it took."""
        started = time.perf_counter()
        answer = self.client.post("/uploads/", files={"image": ("digit.png", next(self.pictures), "image/png")})
        assert answer.status_code == 302, answer.text
        return time.perf_counter() - started

    def upload_many(self, count: int) -> list[float]:
        return [self.upload() for _ in range(count)]

    def finds_redis(self) -> bool:
        return self.client.get("/readyz").json()["redis"] == "ok"

    def has_given_redis_up(self) -> bool:
        """Return whether the circuit breaker of the web server is open, as its log says."""
        return self.web.output.count("Redis is unreachable") > self.web.output.count("Redis answers again")


@pytest.fixture
def proxies(redis_server: RedisServer) -> Iterator[list[CountingProxy]]:
    """Return the proxy of the web server, and that of the worker and of beat."""
    proxies = [CountingProxy(redis_server.port), CountingProxy(redis_server.port)]
    yield proxies
    for proxy in proxies:
        proxy.shut()


@pytest.fixture
def uploader(
    alice, cluster: Cluster, redis_server: RedisServer, proxies: list[CountingProxy], static_files, tmp_path
) -> Iterator[Uploader]:
    """Start a web server and a worker that reach Redis through the proxies."""
    of_web, of_worker = (redis_server.url.replace(f":{redis_server.port}/", f":{each.port}/") for each in proxies)
    cluster.environment["REDIS_URL"] = of_worker
    cluster.start_worker()
    cluster.start_beat()
    web = WebServer(log=tmp_path / "web.log", environment=cluster.environment | {"REDIS_URL": of_web})
    web.start()
    with person_at(web, alice) as client:
        yield Uploader(client, varied_pngs(1000, size=100), web)
    web.stop()


Fault = Callable[[RedisServer, Sequence[Proxy]], None]


def refuse(redis: RedisServer, proxies: Sequence[Proxy]) -> None:
    for proxy in proxies:
        proxy.shut()


def freeze(redis: RedisServer, proxies: Sequence[Proxy]) -> None:
    redis.freeze()


def swallow(redis: RedisServer, proxies: Sequence[Proxy]) -> None:
    for proxy in proxies:
        proxy.is_black_hole = True


def delay(redis: RedisServer, proxies: Sequence[Proxy]) -> None:
    for proxy in proxies:
        proxy.delay_seconds = 0.3


def fill(redis: RedisServer, proxies: Sequence[Proxy]) -> None:
    redis.client().config_set("maxmemory", "1mb")


def repair(redis: RedisServer, proxies: Sequence[Proxy]) -> None:
    for proxy in proxies:
        proxy.is_black_hole, proxy.delay_seconds = False, 0.0
        with contextlib.suppress(OSError):  # it still listens if it was not shut
            proxy.open()
    redis.thaw()
    redis.client().config_set("maxmemory", "256mb")


@pytest.mark.timeout(600)
def test_an_outage_delays_one_request_briefly(alice, uploader, redis_server, proxies, media):
    """One outage after the other befalls the same web server, worker and beat.

    The request that finds the outage out opens the circuit breaker. The others do not ask Redis, so nothing of it can
    delay them. The long form, which runs on an idle machine, allows them less time.
    """
    for fault in (refuse, freeze, swallow, delay, fill):
        usual = uploader.upload_many(sized(10, 100))
        fault(redis_server, proxies)
        first = uploader.upload()
        assert uploader.has_given_redis_up(), fault
        sent = proxies[0].sent
        later = uploader.upload_many(sized(14, 199))
        assert uploader.has_given_redis_up(), fault
        assert proxies[0].sent == sent, fault
        repair(redis_server, proxies)
        wait_for_jobs(60)
        wait_for(uploader.finds_redis, 60, f"Redis is found again after {fault.__name__}")
        check_maps(media)
        show_delays(fault.__name__, usual, first, later)
        assert max(first, *later) <= max(usual) + MOST_ADDED_SECONDS, fault
    assert Prediction.objects.count() == 5 * (sized(10, 100) + sized(15, 200))
    assert Job.objects.filter(attempts__gt=1).count() == 0
    assert proxies[0].sent > 0  # between the outages


def show_delays(fault: str, usual: list[float], first: float, later: list[float]) -> None:
    print(
        f"{fault}: usual p50 {p50(usual):.3f} max {max(usual):.3f}, first {first:.3f}, "
        f"then p50 {p50(later):.3f} max {max(later):.3f}"
    )


def p50(seconds: list[float]) -> float:
    return sorted(seconds)[len(seconds) // 2]
