"""Workers, beat and Redis that tests can kill. LONG_TESTS=1 runs the long forms with the documented numbers."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from recognizer.models import FeatureMap, Job, ModelVersion, Upload
from tests.servers.beat import Beat
from tests.servers.process import wait_until
from tests.servers.redis import RedisServer
from tests.servers.worker import Worker

IS_LONG = os.environ.get("LONG_TESTS") == "1"
Value = TypeVar("Value")

# The short forms cannot wait for a lease of 35 seconds.
SHORT_LIMITS = (
    {} if IS_LONG else {"JOB_SOFT_LIMIT_SECONDS": "6", "JOB_HARD_LIMIT_SECONDS": "8", "SWEEP_EVERY_SECONDS": "1"}
)


def sized(short: Value, long: Value) -> Value:
    return long if IS_LONG else short


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the long forms two hours each, unless a test names its own limit."""
    for item in items:
        if IS_LONG and item.get_closest_marker("processes") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(2 * 3600))


class Cluster:
    """Workers and beat, started as `make run` does, with the environment that a test sets."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self.environment = folder, environment
        self.servers: list[Worker | Beat] = []

    def start_worker(self, name: str = "worker", *, concurrency: int = 1, **environment: str) -> Worker:
        worker = Worker(
            log=self.folder / f"{name}.log",
            environment={**self.environment, **environment},
            concurrency=concurrency,
        )
        return self._start(worker)

    def start_beat(self) -> Beat:
        return self._start(Beat(log=self.folder / "beat.log", environment=self.environment))

    def _start(self, server: "Started") -> "Started":
        self.servers.append(server)
        server.start(seconds=120)
        return server

    def kill(self) -> None:
        for server in self.servers:
            server.kill()


Started = TypeVar("Started", Worker, Beat)


@pytest.fixture
def cluster(
    redis_server: RedisServer, same_database: dict[str, str], model: ModelVersion, tmp_path: Path
) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path, {**same_database, **SHORT_LIMITS})
    yield cluster
    cluster.kill()


def wait_for_jobs(seconds: float, *, state: str = Job.State.DONE) -> None:
    """Wait until every job is in this state."""
    others = Job.objects.exclude(state=state)
    try:
        wait_until(lambda: not others.exists(), seconds=seconds, what="every job")
    except TimeoutError as error:
        rows = others.values_list("kind", "state", "attempts", "error", "enqueued_at")
        raise AssertionError(f"{others.count()} jobs are not {state}: {list(rows[:5])}") from error


def wait_for(condition: Callable[[], object], seconds: float, what: str) -> None:
    wait_until(condition, seconds=seconds, what=what)


def files_in(media: Path, folder: str = "") -> set[str]:
    paths = (path for path in (media / folder).rglob("*") if path.is_file() and path.name != ".ballast")
    return {str(path.relative_to(media)) for path in paths}


def check_maps(media: Path) -> None:
    """Check that every feature map is drawn and that no other files exist.

    What a killed process had begun to write never got a final name; `reconcile` removes it a day later.
    """
    maps = FeatureMap.objects.all()
    assert maps.exists()
    assert not maps.filter(image="").exists()
    finished = {name for name in files_in(media, "feature-maps") if not name.endswith(".part")}
    assert finished == set(maps.values_list("image", flat=True))


def check_files(media: Path) -> None:
    """Check that every row has its file, that every file has its row, and that no file is incomplete."""
    rows = Upload.objects.values_list("original", "picture", "thumbnail")
    recorded = {name for row in rows for name in row if name}
    recorded |= set(FeatureMap.objects.exclude(image="").values_list("image", flat=True))
    assert files_in(media) == recorded
