"""Tests of web server and worker while the object store that holds the media is slow, down, silent or full."""

import contextlib
import hashlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from django.core.files.base import ContentFile

from recognizer.models import FeatureMap, Prediction, Upload
from recognizer.services.batches import intake
from tests.pictures import varied_pngs
from tests.processes.conftest import Cluster, sized, wait_for, wait_for_jobs
from tests.processes.people import person_at
from tests.servers.object_store import ObjectStore
from tests.servers.web import WebServer

pytestmark = [pytest.mark.processes]

BATCH_FILES = sized(10, 100)
# The limits of production: the short ones of other tests are shorter than the time in which an outage is noticed.
LIMITS = {"JOB_SOFT_LIMIT_SECONDS": "20", "JOB_HARD_LIMIT_SECONDS": "30", "SWEEP_EVERY_SECONDS": "5"}


@dataclass
class Person(threading.Thread):
    """A person who uploads one picture after the other, and notes which were answered with which status."""

    client: httpx.Client
    statuses: list[int] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        for data in varied_pngs(10_000, size=100):
            if self.is_over.is_set():
                return
            answer = self.client.post("/uploads/", files={"image": ("7.png", data, "image/png")})
            self.statuses.append(answer.status_code)
            time.sleep(0.5)

    def wait_for(self, *statuses: int) -> None:
        """Wait until the next picture is answered with one of these."""
        start = len(self.statuses)
        wait_for(lambda: set(self.statuses[start:]) & set(statuses), 120, f"an answer in {statuses}")


@pytest.fixture
def web(alice, cluster: Cluster, media_in_store: ObjectStore, static_files, tmp_path) -> Iterator[WebServer]:
    cluster.environment |= media_in_store.environment_variables | LIMITS
    web = WebServer(log=tmp_path / "web.log", environment=cluster.environment)
    web.start()
    yield web
    web.stop()


@contextlib.contextmanager
def fault(store: ObjectStore, kind: str) -> Iterator[None]:
    if kind == "slow":
        store.set_faults(seconds=0.4)
    elif kind == "full":
        store.set_faults(full=True)
    elif kind == "down":
        store.proxy.shut()
    else:
        store.proxy.is_black_hole = True
    yield
    store.set_faults()
    if kind == "down":
        store.proxy.open()
    store.proxy.is_black_hole = False


def test_no_row_lacks_its_file_and_no_answer_is_lost(web, cluster, media_in_store, alice):
    store = media_in_store
    batch = intake.create_batch(owner=alice)
    pictures = varied_pngs(BATCH_FILES, size=60)
    intake.add_files(batch, [(f"{n}.png", ContentFile(data)) for n, data in enumerate(pictures)])
    intake.close_batch(batch)
    with person_at(web, alice) as client:
        person = Person(client)
        person.start()
        cluster.start_worker()
        cluster.start_beat()
        for kind, refusal in (("slow", 302), ("down", 503), ("silent", 503), ("full", 507)):
            with fault(store, kind):
                person.wait_for(refusal)
                time.sleep(sized(2, 60))
            person.wait_for(302)
        person.is_over.set()
        person.join(60)
    wait_for_jobs(sized(200, 300))

    assert set(person.statuses) == {302, 503, 507}
    assert Upload.objects.count() == person.statuses.count(302) + BATCH_FILES
    assert Prediction.objects.count() == Upload.objects.count()
    assert not FeatureMap.objects.filter(image="").exists()
    contents = store.contents()
    for upload in Upload.objects.all():
        assert hashlib.sha256(contents[f"media/{upload.original.name}"]).hexdigest() == upload.sha256
    derived = Upload.objects.exclude(thumbnail="").values_list("thumbnail", flat=True)
    assert {f"media/{name}" for name in derived} <= set(contents)
    assert {f"media/{name}" for name in FeatureMap.objects.values_list("image", flat=True)} <= set(contents)
    print(f"{len(person.statuses)} pictures, {person.statuses.count(302)} stored, {len(contents)} objects")
