"""A Celery worker with its child processes, started as `make run` starts it."""

from collections.abc import Mapping
from pathlib import Path

import psutil

from config.supervisor import WORKER, trainer_command
from tests.servers.process import Server


class Worker(Server):
    def __init__(self, *, log: Path, environment: Mapping[str, str], concurrency: int = 1) -> None:
        options = ["--concurrency", str(concurrency), "--hostname", f"{log.stem}@%h"]
        super().__init__(
            [*WORKER, *options], log=log, environment=environment, is_ready=lambda: " ready." in self.output
        )

    @property
    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.pid).children()


class Trainer(Server):
    """A worker that runs trainings, started as `make run` starts it."""

    def __init__(self, *, log: Path, environment: Mapping[str, str]) -> None:
        super().__init__(trainer_command(), log=log, environment=environment, is_ready=lambda: " ready." in self.output)
