"""Tests of accounts that are deleted while they upload and while workers, beat and Redis are killed.

No request gets a server error, and no row and no file is left. LONG_TESTS=1 deletes 200 accounts.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest
from django.contrib.auth.models import User

from recognizer.models import AccountDeletion, Job
from recognizer.services.people.owned_data import models_with_rows_of
from recognizer.services.people.tokens import create_token
from tests.pictures import digit_png
from tests.processes.conftest import Cluster, files_in, sized, wait_for
from tests.processes.people import person_at
from tests.processes.test_kills import Killer
from tests.servers.redis import RedisServer
from tests.servers.web import WebServer

pytestmark = [pytest.mark.processes, pytest.mark.slow]

ROUNDS = sized(1, 20)
ACCOUNTS = sized(3, 10)
VICTIMS = sized(1, 2) * ["child", "child", "worker", "redis", "beat"]
# A deletion waits for the leases of killed workers: 13 seconds, instead of 35.
QUICK = {"JOB_SOFT_LIMIT_SECONDS": "6", "JOB_HARD_LIMIT_SECONDS": "8", "SWEEP_EVERY_SECONDS": "1"}
REFUSED = {401, 403}
BUSY = "database_unavailable"  # SQLite's lock was not free for 20 seconds, as happens on a machine with much other work


class Uploader:
    """A person who uploads pictures and batches from two programs until the account is gone."""

    def __init__(self, web: WebServer, name: str) -> None:
        self.user = User.objects.create_user(name, password="a-password")
        self.owner_id = self.user.pk
        self.headers = {"Authorization": f"Bearer {create_token(user=self.user, name='program')[1]}"}
        self.web = web
        self.person = person_at(web, self.user)
        self.statuses: Counter[int | str] = Counter()
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=[post]) for post in (self.post_picture, self.post_batch)]

    def run(self, post) -> None:
        with httpx.Client(base_url=f"{self.web.url}/api/v1", headers=self.headers, timeout=60) as client:
            while not self.stopping.is_set():
                status = post(client)
                self.statuses[status] += 1
                if status in REFUSED:
                    time.sleep(0.2)  # what is refused is tried again, but the machine has other work

    def post_picture(self, client: httpx.Client) -> int | str:
        answer = client.post("/predictions/", files={"image": digit_png(7)})
        if answer.status_code == 201:
            client.get(f"/predictions/{answer.json()['id']}/feature-maps/")
            self.statuses[status_of(client.get(f"/predictions/{answer.json()['id']}/thumbnail/"))] += 1
        return status_of(answer)

    def post_batch(self, client: httpx.Client) -> int | str:
        return status_of(client.post("/batches/", files=[("files", (f"{n}.png", digit_png(n))) for n in range(10)]))

    def delete_account(self) -> int:
        return self.person.request("DELETE", "/api/v1/me/", json={"password": "a-password"}).status_code

    def stop(self) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        self.person.close()


def status_of(answer: httpx.Response) -> int | str:
    is_busy = answer.status_code == 503 and answer.json()["code"] == BUSY
    return BUSY if is_busy else answer.status_code


@pytest.fixture
def web(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    monkeypatch.setenv("LOGINS_PER_ADDRESS", "1000")
    yield request.getfixturevalue("own_server")


def test_accounts_are_deleted_whatever_is_killed(
    redis_server: RedisServer, cluster: Cluster, web: WebServer, media, bob
):
    cluster.environment |= QUICK
    killer = Killer(cluster, redis_server)
    rng = random.Random(7)
    statuses: Counter[int | str] = Counter()
    for round in range(ROUNDS):
        uploaders = [Uploader(web, f"person-{round}-{n}") for n in range(ACCOUNTS)]
        try:
            for uploader in uploaders:
                for thread in uploader.threads:
                    thread.start()
            wait_for(lambda all=uploaders: min(each.statuses[201] for each in all) > 1, seconds=120, what="uploads")
            assert [uploader.delete_account() for uploader in uploaders] == len(uploaders) * [202]
            for victim in rng.sample(VICTIMS, len(VICTIMS)):
                time.sleep(rng.uniform(0.0, 1.0))
                killer.kill(victim)
            unfinished = AccountDeletion.objects.filter(finished_at=None)
            wait_for(lambda unfinished=unfinished: not unfinished.exists(), seconds=120, what="the deletions")
        finally:
            for uploader in uploaders:
                uploader.stop()
                statuses += uploader.statuses
        assert [name for uploader in uploaders for name in models_with_rows_of(uploader.owner_id)] == []
        assert files_in(media) == set()
    kills = f"kills {dict(killer.kills)}, {len(killer.hit_runs)} hit a running job"
    print(f"{ROUNDS * ACCOUNTS} accounts, {kills}, statuses {dict(statuses)}")
    assert statuses[201] > ROUNDS * ACCOUNTS
    assert set(statuses) <= {200, 201, 202, 401, 403, BUSY}
    assert set(Job.objects.values_list("kind", "state")) == {("account_deletion", "done")}
    assert User.objects.get() == bob
