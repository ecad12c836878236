"""Celery's scheduler, started as `make run` starts it."""

import sys
from collections.abc import Mapping
from pathlib import Path

from tests.servers.process import Server


class Beat(Server):
    def __init__(self, *, log: Path, environment: Mapping[str, str]) -> None:
        celery = [sys.executable, "-m", "celery", "-A", "config.celery", "beat", "--loglevel", "INFO"]
        super().__init__(
            [*celery, "--pidfile="],
            log=log,
            environment=environment,
            is_ready=lambda: "beat: Starting" in self.output,
        )
