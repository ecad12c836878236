"""A Celery worker with its child processes, as `make run` starts it."""

import sys
from collections.abc import Mapping
from pathlib import Path

import psutil

from tests.servers.process import Server


class Worker(Server):
    def __init__(self, *, log: Path, environment: Mapping[str, str], concurrency: int = 1) -> None:
        celery = [sys.executable, "-m", "celery", "-A", "config.celery", "worker"]
        super().__init__(
            [
                *celery,
                "--concurrency",
                str(concurrency),
                "--loglevel",
                "INFO",
                "--hostname",
                f"{log.stem}@%h",
            ],
            log=log,
            environment=environment,
            is_ready=lambda: " ready." in self.output,
        )

    @property
    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.pid).children()
