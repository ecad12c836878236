"""kill -9 at random moments, and a Redis that forgets: nothing is lost, nothing is done twice to be seen."""

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
class Storm:
    """Kills what it is told to, starts it again, and counts which kills met a job at work."""

    cluster: Cluster
    redis: RedisServer
    kills: Counter[str] = field(default_factory=Counter)
    met: set[tuple[object, int]] = field(default_factory=set)
    last_kill: float = 0.0

    def __post_init__(self) -> None:
        self.worker = self.cluster.start_worker()
        self.beat = self.cluster.start_beat()

    def kill(self, victim: str) -> None:
        if victim in ("child", "worker"):
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

    def wait_until_work_goes_on(self) -> None:
        """Until something was done since the last kill: else the storm would only meet a worker that starts."""
        done = Job.objects.filter(state=Job.State.DONE, finished_at__gt=datetime.fromtimestamp(self.last_kill, UTC))
        left = Job.objects.exclude(state=Job.State.DONE)
        with contextlib.suppress(TimeoutError):  # with Redis or beat just killed it may take a sweep
            wait_until(lambda: done.exists() or not left.exists(), seconds=15, what="a job")

    def wait_for_a_job_at_work(self) -> None:
        """A job takes some milliseconds: a kill at any moment would hardly ever meet one."""
        until = time.monotonic() + 1
        running = Job.objects.filter(
            state=Job.State.RUNNING, started_at__gt=datetime.fromtimestamp(self.last_kill, UTC)
        )
        while time.monotonic() < until and not running.exists():
            time.sleep(0.002)

    def note_running_jobs(self) -> None:
        """There is one child: of the jobs that are marked as running, the last one begun is in its hands, if it was
        begun since the last kill. The others wait for their lease to run out."""
        running = Job.objects.filter(state=Job.State.RUNNING).order_by("-started_at").first()
        if running and running.started_at.timestamp() > self.last_kill:
            self.met.add((running.pk, running.attempts))


def test_a_storm_of_kills_loses_nothing(alice, cluster, redis_server, media):
    storm = Storm(cluster, redis_server)
    rng = random.Random(5)
    victims = list(Counter(VICTIMS).elements())
    rng.shuffle(victims)
    pictures = varied_pngs(sized(40, 500), size=100)
    share = sized(40, 500) // len(victims)
    for victim in victims:
        if rng.random() < 0.8:  # the others follow at once, whatever is under way
            storm.wait_until_work_goes_on()
        for _ in range(share):
            create_prediction(owner=alice, data=next(pictures), source="upload", draw_maps=True)
        if rng.random() < 0.8:
            storm.wait_for_a_job_at_work()
        else:
            time.sleep(rng.uniform(0.0, 0.5))
        storm.kill(victim)
    for data in pictures:
        create_prediction(owner=alice, data=data, source="upload", draw_maps=True)
    wait_for_jobs(60)
    # Who is killed while writing leaves a part of a file, never under a final name; the hourly task removes it.
    left = reconcile(remove=True, grace=timedelta(0), force=True)
    assert all(name.endswith(".part") for name in left.without_row)
    check_maps(media)
    check_files(media)
    attempts = Counter(Job.objects.values_list("attempts", flat=True))
    print(f"kills {dict(storm.kills)}, {len(storm.met)} met a job at work; attempts {dict(attempts)}")
    assert storm.kills == Counter(VICTIMS)
    assert len(storm.met) >= sized(1, 30)


def test_a_redis_that_forgot_everything_costs_nothing(alice, cluster, redis_server, media):
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
