"""The nginx of compose.yaml, in front of a real web server: forms are accepted, as docs/containers.md has it tried."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from django.contrib.auth.models import User

from tests.servers.ports import reserve_port
from tests.servers.process import Server
from tests.servers.web import WebServer
from tests.surroundings import ROOT

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
pytestmark = [pytest.mark.processes, pytest.mark.skipif(NGINX is None, reason="nginx is not installed")]


@pytest.fixture
def proxy_url(server: WebServer, tmp_path: Path) -> Iterator[str]:
    """Start nginx with the file of Compose on a port of this machine, and return its address."""
    port = reserve_port()
    site = (ROOT / "deploy" / "compose" / "nginx.conf").read_text(encoding="utf-8")
    for there, here in (
        ("listen 8080", f"listen 127.0.0.1:{port}"),
        ("http://web:8000", server.url),
        ("_path /tmp/", f"_path {tmp_path}/"),
    ):
        assert there in site
        site = site.replace(there, here)
    user = "user root;" if os.geteuid() == 0 else ""
    main = f"{user} daemon off; pid {tmp_path}/pid; error_log stderr; events {{}} http {{ access_log off; {site} }}"
    (tmp_path / "nginx.conf").write_text(main, encoding="utf-8")
    url = f"http://localhost:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/livez", timeout=10).is_success
        except httpx.TransportError:
            return False

    assert NGINX
    command = [NGINX, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
    nginx = Server(command, log=tmp_path / "nginx.log", is_ready=answers)
    nginx.start()
    yield url
    nginx.stop()


def test_a_person_logs_in(proxy_url: str, alice: User) -> None:
    with httpx.Client(base_url=proxy_url, headers={"Origin": proxy_url}, timeout=60) as browser:
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', browser.get("/login/").text)
        assert token
        form = {"username": "alice", "password": "alice-password", "csrfmiddlewaretoken": token[1]}
        answer = browser.post("/login/", data=form)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
