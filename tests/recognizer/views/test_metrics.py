"""The metrics page: who may see it, and that its numbers are those of the database and of the requests."""

import re
from collections import Counter

import pytest
from django.db import DatabaseError
from django.test import Client

from recognizer.models import Backup, Job, Prediction
from recognizer.services import database_metrics, throttles
from recognizer.services.database_metrics import stored_metrics
from recognizer.services.monitoring.counters import SharedCounters

pytestmark = pytest.mark.django_db

LINE = re.compile(r'([a-z_]+)(\{(?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)*\})? (-?[0-9.e+-]+|\+Inf|NaN)')


@pytest.fixture(autouse=True)
def metrics_on(settings, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.METRICS_TOKEN = "a-long-token"
    settings.METRICS_ROOT = tmp_path / "metrics"
    from recognizer.services.monitoring import counters, requests

    own = SharedCounters()
    monkeypatch.setattr(counters, "counters", own)
    monkeypatch.setattr(requests, "counters", own)
    monkeypatch.setattr(stored_metrics, "valid_until", -float("inf"))


def fetch(client: Client | None = None) -> dict[str, float]:
    """Return the metrics by their names with labels, after checking every line against the text format."""
    stored_metrics.valid_until = -float("inf")
    answer = (client or Client()).get("/metrics", headers={"Authorization": "Bearer a-long-token"})
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    found: dict[str, float] = {}
    described: set[str] = set()
    for line in answer.content.decode().splitlines():
        if line.startswith("#"):
            described.add(line.split()[2])
            continue
        match = LINE.fullmatch(line)
        assert match, line
        assert match[1] in described or re.sub("_(bucket|sum|count)$", "", match[1]) in described
        assert match[1] + (match[2] or "") not in found
        found[match[1] + (match[2] or "")] = float(match[3])
    return found


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", "a-long-token", "Bearer a-long-tokenx", "Bearer é"])
def test_without_the_token_the_page_does_not_exist(client, authorization):
    assert client.get("/metrics", headers={"Authorization": authorization}).status_code == 404


def test_without_both_settings_nobody_sees_it(client, settings):
    settings.METRICS_TOKEN = ""
    for authorization in ("", "Bearer", "Bearer "):
        assert client.get("/metrics", headers={"Authorization": authorization}).status_code == 404


@pytest.mark.parametrize(
    ("address", "forwarded", "status"),
    [
        ("10.1.2.3", "", 200),
        ("10.2.0.1", "", 404),
        ("2001:db8::1", "", 200),
        ("2001:db9::1", "", 404),
        ("192.0.2.1", "10.1.2.3", 404),  # the sender alone says so
        ("", "", 404),
    ],
)
def test_an_address_of_the_list_sees_it(client, settings, address, forwarded, status):
    from config.settings import networks

    settings.METRICS_ADDRESSES = networks(["10.1.0.0/16", "2001:db8::/32"])
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    assert client.get("/metrics", headers=headers, REMOTE_ADDR=address).status_code == status


def test_the_numbers_are_those_of_the_database(add_prediction, alice_client):
    for text, confidence in (("7", 0.95), ("12", 0.41), ("", 0.2), ("3", 1.0)):
        add_prediction(
            text, confidence=confidence, decision="unsure" if text == "12" else "read" if text else "rejected"
        )
    Job.objects.create(kind=Job.Kind.RESCORE, queue=database_metrics.QUEUES[2], payload={})
    Backup.objects.create(place="x", snapshot="y", rows=1, files=1, bytes=1, seconds=1.0)
    found = fetch()
    expected = Counter(Prediction.objects.values_list("decision", "model__version", "mode"))
    for (decision, model, mode), number in expected.items():
        assert found[f'digitscribe_predictions{{decision="{decision}",model="{model}",mode="{mode}"}}'] == number
    tenths = {key: value for key, value in found.items() if "confidence" in key and value}
    assert tenths == {
        'digitscribe_predictions_confidence{at_least="0.2"}': 1,
        'digitscribe_predictions_confidence{at_least="0.4"}': 1,
        'digitscribe_predictions_confidence{at_least="0.9"}': 2,
    }
    assert found['digitscribe_jobs{kind="rescore",state="waiting"}'] == 1
    assert found[f'digitscribe_waiting_jobs{{queue="{database_metrics.QUEUES[2]}"}}'] == 1
    assert found["digitscribe_last_backup_timestamp_seconds"] == Backup.objects.get().finished_at.timestamp()
    assert found["digitscribe_redis_up"] == 0


def test_requests_are_counted_by_the_pattern_of_their_address(add_prediction, alice, settings):
    client = Client()
    client.force_login(alice)
    for upload in (add_prediction().upload_id, add_prediction().upload_id):
        assert client.get(f"/uploads/{upload}/").status_code == 200
    client.get("/no-such-page/")
    client.post("/uploads/")
    client.generic("BREW", "/login/")
    found = fetch(client)
    assert found['digitscribe_requests_total{route="uploads/<uuid:pk>/",method="GET",status="200"}'] == 2
    assert found['digitscribe_requests_total{route="none",method="GET",status="404"}'] == 1
    assert any('route="login/",method="other"' in key for key in found)
    route = 'route="uploads/<uuid:pk>/"'
    assert found[f"digitscribe_request_seconds_count{{{route}}}"] == 2
    buckets = [found[key] for key in found if key.startswith(f"digitscribe_request_seconds_bucket{{{route}")]
    assert buckets == sorted(buckets)
    assert buckets[-1] == 2
    assert found[f"digitscribe_request_seconds_sum{{{route}}}"] > 0


def test_refusals_are_counted_by_their_limit(settings, alice_token):
    settings.API_REQUESTS_PER_USER = 1
    throttles.local_counter.windows.clear()
    client = Client()
    assert [client.get("/api/v1/me/", headers=alice_token).status_code for _ in range(3)] == [200, 429, 429]
    assert fetch(client)['digitscribe_throttled_total{limit="user"}'] == 2


def test_without_a_database_the_rest_is_shown(monkeypatch):
    def fail() -> None:
        raise DatabaseError

    monkeypatch.setattr(stored_metrics, "get", fail)
    answer = Client().get("/metrics", headers={"Authorization": "Bearer a-long-token"})
    assert "digitscribe_database_up 0" in answer.content.decode()
