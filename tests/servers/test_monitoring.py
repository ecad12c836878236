"""Metrics and logs of a real server with several processes."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from recognizer.services.monitoring.counters import SUFFIX
from tests.pictures import digit_png
from tests.servers.web import WebServer

pytestmark = [pytest.mark.processes, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

TOKEN = "a-long-token-for-metrics"
REQUESTS = 60


@pytest.fixture
def server(static_files, same_database, model, tmp_path: Path):
    environment = {
        **same_database,
        "METRICS_TOKEN": TOKEN,
        "METRICS_ROOT": str(tmp_path / "metrics"),
        "LOG_FORMAT": "json",
        "LOG_LEVEL": "DEBUG",
    }
    server = WebServer(log=tmp_path / "web.log", environment=environment, workers=2)
    server.start()
    yield server
    server.stop()


def metrics(server: WebServer) -> dict[str, float]:
    answer = httpx.get(f"{server.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60)
    lines = (line.rpartition(" ") for line in answer.text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _space, value in lines}


def test_every_process_counts_and_any_of_them_shows_the_sum(server, alice_token, tmp_path):
    counted = 'digitscribe_requests_total{route="api/v1/me/",method="GET",status="200"}'
    with ThreadPoolExecutor(8) as threads:
        send = lambda _: httpx.get(f"{server.url}/api/v1/me/", headers=alice_token, timeout=60).status_code  # noqa: E731
        assert set(threads.map(send, range(REQUESTS))) == {200}
    assert len(list((tmp_path / "metrics").glob(f"*{SUFFIX}"))) == 2
    for _ in range(6):  # whichever process answers
        assert metrics(server)[counted] == REQUESTS
    server.stop()
    server.start()
    assert metrics(server)[counted] == REQUESTS  # a restart loses nothing


def test_no_line_of_the_log_holds_a_secret(server, alice, alice_token, tmp_path):
    """Every kind of secret is sent to the server that logs as much as it can: in the right places and in wrong ones."""
    secrets = [
        "alice-password",
        "wrong-password",
        TOKEN,
        "dgs_unknown",
        "alice@example.org",
        alice_token["Authorization"][7:],
    ]
    with httpx.Client(base_url=server.url, timeout=60) as client:
        client.get("/login/")
        form = {"csrfmiddlewaretoken": client.cookies["csrftoken"], "username": "alice"}
        for password in ("wrong-password", "alice-password"):
            client.post("/login/", data=form | {"password": password}, headers={"Referer": f"{server.url}/login/"})
        client.post("/login/", data={"username": "alice@example.org", "password": "alice-password"})  # no CSRF token
        secrets.append(client.cookies["sessionid"])
        client.get("/account/")
    for headers in (alice_token, {"Authorization": "Bearer dgs_unknown"}):
        httpx.post(f"{server.url}/api/v1/predictions/", files={"image": digit_png(7)}, headers=headers, timeout=60)
        httpx.post(f"{server.url}/api/v1/predictions/", json={"image": "alice-password"}, headers=headers, timeout=60)
    metrics(server)
    server.stop()
    lines = server.output.splitlines()
    assert sum(line.startswith("{") for line in lines) > 5
    assert all(json.loads(line) for line in lines if line.startswith("{"))
    assert [secret for secret in secrets if secret in server.output] == []
