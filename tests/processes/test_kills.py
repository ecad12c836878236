"""Tests of SIGKILL at random moments and of a Redis that loses its data: no job is lost or has two effects."""

import contextlib
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import psutil
import pytest

from recognizer.models import Job
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.space.reconcile import reconcile
from tests.pictures import varied_pngs
from tests.processes.conftest import Cluster, check_files, check_maps, sized, wait_for_jobs
from tests.servers.process import wait_until
from tests.servers.redis import RedisServer

pytestmark = [pytest.mark.processes]

VICTIMS = sized({"child": 3, "worker": 2, "beat": 1, "redis": 2}, {"child": 48, "worker": 24, "beat": 11, "redis": 17})


@dataclass
class Killer:
    """A killer of processes that restarts them and counts the kills that hit a running job."""

    cluster: Cluster
    redis: RedisServer
    kills: Counter[str] = field(default_factory=Counter)
    hit_runs: set[tuple[object, int]] = field(default_factory=set)
    last_kill: float = 0.0

    def __post_init__(self) -> None:
        self.worker = self.cluster.start_worker()
        self.beat = self.cluster.start_beat()

    def kill(self, victim: str, *, in_a_job: bool = False) -> None:
        if victim in ("child", "worker"):
            if in_a_job:
                self.stop_in_a_job()
            self.note_running_jobs()
        self.last_kill = time.time()
        if victim == "child":
            with contextlib.suppress(psutil.NoSuchProcess):
                for child in self.worker.children:
                    child.kill()
        else:
            server = {"worker": self.worker, "beat": self.beat, "redis": self.redis}[victim]
            server.kill()
            server.start(seconds=120)
        self.kills[victim] += 1

    def wait_for_progress(self) -> None:
        """Wait until a job was done since the last kill. Otherwise kills would only hit starting workers."""
        done = Job.objects.filter(state=Job.State.DONE, finished_at__gt=datetime.fromtimestamp(self.last_kill, UTC))
        left = Job.objects.exclude(state=Job.State.DONE)
        with contextlib.suppress(TimeoutError):  # after a kill of Redis or beat it may take a sweep
            wait_until(lambda: done.exists() or not left.exists(), seconds=15, what="a job")

    def stop_in_a_job(self) -> None:
        """Stop the only child while it runs a job. It takes milliseconds, so a kill would rarely hit one by chance."""
        left = Job.objects.exclude(state=Job.State.DONE)
        running = Job.objects.filter(
            state=Job.State.RUNNING, started_at__gt=datetime.fromtimestamp(self.last_kill, UTC)
        )
        until = time.monotonic() + 15  # after a kill of Redis or beat it may take a sweep
        while time.monotonic() < until and left.exists():
            if running.exists():
                with contextlib.suppress(psutil.NoSuchProcess):
                    children = self.worker.children
                    for child in children:
                        child.suspend()
                    if running.exists():
                        return
                    for child in children:
                        child.resume()
            time.sleep(0.002)

    def note_running_jobs(self) -> None:
        """Note the job that the only child is running: the last one started, if it was started since the last kill.

        Other jobs in this state wait for the end of their lease.
        """
        running = Job.objects.filter(state=Job.State.RUNNING).order_by("-started_at").first()
        if running and running.started_at.timestamp() > self.last_kill:
            self.hit_runs.add((running.pk, running.attempts))


def test_random_kills_lose_nothing(alice, cluster, redis_server, media):
    killer = Killer(cluster, redis_server)
    rng = random.Random(5)
    victims = list(Counter(VICTIMS).elements())
    rng.shuffle(victims)
    pictures = varied_pngs(sized(40, 500), size=100)
    share = sized(40, 500) // len(victims)
    for victim in victims:
        if rng.random() < 0.8:  # other kills follow at once
            killer.wait_for_progress()
        for _ in range(share):
            create_prediction(owner=alice, data=next(pictures), source="upload", draw_maps=True)
        in_a_job = rng.random() < 0.8
        if not in_a_job:
            time.sleep(rng.uniform(0.0, 0.5))
        killer.kill(victim, in_a_job=in_a_job)
    for data in pictures:
        create_prediction(owner=alice, data=data, source="upload", draw_maps=True)
    wait_for_jobs(60)
    # A process killed while writing leaves a .part file, which the hourly task removes.
    left = reconcile(remove=True, grace=timedelta(0), force=True)
    assert all(name.endswith(".part") for name in left.without_row)
    check_maps(media)
    check_files(media)
    attempts = Counter(Job.objects.values_list("attempts", flat=True))
    print(f"kills {dict(killer.kills)}, {len(killer.hit_runs)} hit a running job; attempts {dict(attempts)}")
    assert killer.kills == Counter(VICTIMS)
    assert len(killer.hit_runs) >= sized(1, 30)


@pytest.mark.any_database
def test_a_redis_that_lost_its_data_loses_no_job(alice, cluster, redis_server, media):
    cluster.start_worker()
    cluster.start_beat()
    rng = random.Random(6)
    for data in varied_pngs(sized(30, 300), size=100):
        create_prediction(owner=alice, data=data, source="upload", draw_maps=True)
        if rng.random() < 0.1:
            redis_server.client().flushall()
    redis_server.client().flushall()
    wait_for_jobs(120)
    check_maps(media)
    assert set(Job.objects.values_list("attempts", flat=True)) == {1}
