"""A scripted day: at its end every metric equals what the database says, and what the clients have sent."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

import httpx
import pytest
from django.contrib.auth.models import User

from recognizer.models import Correction, Job, ModelVersion, Prediction, Upload, Usage
from recognizer.services.registry.model_versions import register_model
from recognizer.services.registry.promotion import promote_model
from recognizer.services.work.queues import BULK, QUEUES, UPKEEP
from tests.pictures import varied_pngs
from tests.processes.conftest import Cluster, sized, wait_for, wait_for_jobs
from tests.recognizer.services.registry.artifacts import copy_shipped
from tests.servers.test_monitoring import TOKEN, metrics
from tests.servers.web import WebServer

pytestmark = [pytest.mark.processes]

READINGS = sized(40, 5000)
REQUESTS_A_MINUTE = sized(80, 2000)
PAUSE_SECONDS = sized(0, 0.15)  # of each of four clients, which together stay below the limit
API = "/api/v1/predictions/"
REQUESTS = "digitscribe_requests_total"


@pytest.fixture
def web(cluster: Cluster, static_files, tmp_path: Path) -> Iterator[WebServer]:
    cluster.environment |= {
        "METRICS_TOKEN": TOKEN,
        "METRICS_ROOT": str(tmp_path / "metrics"),
        "API_REQUESTS_PER_USER": str(REQUESTS_A_MINUTE),
    }
    web = WebServer(log=tmp_path / "web.log", environment=cluster.environment, workers=2)
    web.start()
    yield web
    web.stop()


def test_every_metric_equals_the_database(web, cluster, alice_token, bob_token, model, tmp_path):
    cluster.start_worker()
    cluster.start_beat()
    sent: Counter[tuple[str, str, int]] = Counter()  # route, method and status of every request
    counting = Lock()
    with httpx.Client(base_url=web.url, headers=alice_token, timeout=120) as alice:

        def request(method: str, path: str, route: str = "", **content) -> httpx.Response:
            answer = alice.request(method, path, **content)
            with counting:
                sent[(route or path).lstrip("/"), method, answer.status_code] += 1
            return answer

        def read(picture: bytes) -> str:
            time.sleep(PAUSE_SECONDS)
            answer = request("POST", API, content=picture, headers={"Content-Type": "image/png"})
            assert answer.status_code == 201
            return answer.json()["id"]

        # In the morning: pictures, with files that are none among them, and addresses that do not exist.
        pictures = list(varied_pngs(READINGS, size=60))
        with ThreadPoolExecutor(4) as threads:
            ids = list(threads.map(read, pictures[: READINGS // 2]))
        for _ in range(3):
            request("POST", API, content=b"no picture", headers={"Content-Type": "image/png"})
        one = "/api/v1/predictions/<uuid:pk>/"
        assert request("GET", f"{API}00000000-0000-0000-0000-000000000000/", one).status_code == 404
        # At noon: corrections, an undo, and another model.
        for place, key in enumerate(ids[:6]):
            body = [{"kind": "confirm"}, {"text": "7"}, {"kind": "not_a_digit"}][place % 3]
            request("PATCH", f"{API}{key}/", one, json=body)
        request("PATCH", f"{API}{ids[0]}/", one, json={"kind": "undo"})
        promote_model(register_model(copy_shipped(tmp_path / "digits-other")), reason="test")
        wait_for(lambda: active_model(web) == {"digits-other"}, 60, "the other model")
        # In the afternoon: the rest, deletions, feature maps, and somebody who asks too often.
        with ThreadPoolExecutor(4) as threads:
            ids += threads.map(read, pictures[READINGS // 2 :])
        request("POST", f"{API}bulk-delete/", json={"ids": ids[:5]})
        for key in ids[5:8]:
            request("GET", f"{API}{key}/feature-maps/", f"{one}feature-maps/")
        with httpx.Client(base_url=web.url, headers=bob_token, timeout=120) as bob:
            while bob.get("/api/v1/me/").status_code != 429:
                sent["api/v1/me/", "GET", 200] += 1
            sent["api/v1/me/", "GET", 429] += 1
    wait_for_jobs(sized(120, 600))
    Upload.objects.filter(deleted_at=None).first().delete()
    # The last change, by which one sees that the metrics are younger than all others.
    Job.objects.create(kind=Job.Kind.RESCORE, queue=BULK, payload={}, state=Job.State.FAILED, error="test")
    found: dict[str, float] = {}

    def is_complete() -> bool:
        """Ask again: each web process keeps its answer for some seconds, and counts just after an answer is sent."""
        found.clear()
        found.update(metrics(web))
        return jobs_of(found) == database_jobs() and requests_of(found) == sent and messages_of(found) == 0

    wait_for(is_complete, 60, "metrics that are younger than the last change")
    assert (
        sum(count for (route, _method, status), count in sent.items() if (route, status) == (API[1:], 201)) == READINGS
    )
    assert predictions_of(found) == Counter(Prediction.objects.values_list("decision", "model__version", "mode"))
    tenths = Counter(
        min(int(confidence * 10), 9) for confidence in Prediction.objects.values_list("confidence", flat=True)
    )
    shown = {int(labels["at_least"][2:]): n for labels, n in family(found, "digitscribe_predictions_confidence")}
    assert {tenth: count for tenth, count in shown.items() if count} == tenths
    corrections = {labels["kind"]: n for labels, n in family(found, "digitscribe_corrections")}
    assert corrections == Counter(Correction.objects.values_list("kind", flat=True))
    assert len(corrections) == 4
    assert found['digitscribe_throttled_total{limit="user"}'] == 1
    assert found["digitscribe_accounts"] == User.objects.count()
    usages = Usage.objects.values_list("pictures", "bytes")
    assert found["digitscribe_pictures"] == sum(pictures for pictures, _bytes in usages)
    assert found["digitscribe_stored_bytes"] == sum(size for _pictures, size in usages)
    assert active_model(web) == {ModelVersion.objects.get(state=ModelVersion.State.ACTIVE).version}
    assert messages_of(found) == 0
    for queue in QUEUES:
        assert found[f'digitscribe_waiting_jobs{{queue="{queue}"}}'] == 0
    assert (found["digitscribe_worker_up"], found["digitscribe_redis_up"], found["digitscribe_breaker_open"]) == (
        1,
        1,
        0,
    )
    for route in {route for route, _method, _status in sent}:
        count = sum(number for (other, _method, _status), number in sent.items() if other == route)
        assert found[f'digitscribe_request_seconds_count{{route="{route}"}}'] == count


def family(found: dict[str, float], name: str) -> Iterator[tuple[dict[str, str], float]]:
    """Yield the labels and the value of each line of a metric."""
    for key, value in found.items():
        if key.startswith(f"{name}{{"):
            parts = key[len(name) + 1 : -1].split('",')
            yield {part.partition('="')[0]: part.partition('="')[2].rstrip('"') for part in parts}, value


def requests_of(found: dict[str, float]) -> Counter[tuple[str, str, int]]:
    lines = family(found, REQUESTS)
    counted = {(each["route"], each["method"], int(each["status"])): int(count) for each, count in lines}
    return Counter({key: count for key, count in counted.items() if key[0].startswith("api/")})


def messages_of(found: dict[str, float]) -> float:
    """Return the messages of all queues but that of the sweeper, which comes every second."""
    return sum(found[f'digitscribe_messages{{queue="{queue}"}}'] for queue in QUEUES if queue != UPKEEP)


def predictions_of(found: dict[str, float]) -> Counter[tuple[str, str, str]]:
    lines = family(found, "digitscribe_predictions")
    return Counter({(each["decision"], each["model"], each["mode"]): int(count) for each, count in lines})


def jobs_of(found: dict[str, float]) -> Counter[tuple[str, str]]:
    return Counter({(each["kind"], each["state"]): int(count) for each, count in family(found, "digitscribe_jobs")})


def database_jobs() -> Counter[tuple[str, str]]:
    return Counter(Job.objects.values_list("kind", "state"))


def active_model(web: WebServer) -> set[str]:
    return {labels["model"] for labels, _one in family(metrics(web), "digitscribe_active_model")}
