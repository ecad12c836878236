"""gunicorn, configured as in production."""

from collections.abc import Mapping
from pathlib import Path

import httpx

from config.supervisor import WEB
from tests.servers.ports import reserve_port
from tests.servers.process import Server


class WebServer(Server):
    def __init__(self, *, log: Path, environment: Mapping[str, str], workers: int = 1) -> None:
        self.port = reserve_port()
        self.url = f"http://127.0.0.1:{self.port}"
        super().__init__(
            WEB,
            log=log,
            environment={**environment, "PORT": str(self.port), "WEB_WORKERS": str(workers)},
            is_ready=self.answers,
        )

    def answers(self) -> bool:
        try:
            # Without verify=False each call reads the certificates, which takes 20 ms of processor time.
            return httpx.get(f"{self.url}/healthz", timeout=10, verify=False).status_code < 500
        except httpx.TransportError:
            return False
