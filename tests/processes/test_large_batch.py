"""A large folder that is sent from the start page: cut connections and a killed worker lose and double nothing."""

import hashlib
import re
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from playwright.sync_api import Page, expect

from recognizer.models import Batch, BatchItem, Prediction, Upload
from tests.conftest import client_of
from tests.pictures import varied_pngs
from tests.processes.conftest import Cluster, files_in, sized, wait_for
from tests.recognizer.views.test_queries import MAX_QUERIES
from tests.servers.proxy import Proxy
from tests.servers.web import WebServer

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.timeout(sized(300, 14_400))]
FILES = sized(220, 10_000)
PER_FOLDER = 100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "Meters"
    for number, data in enumerate(varied_pngs(FILES, size=60)):
        path = folder / f"house {number // PER_FOLDER}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def wait_until_stored(page: Page, count: int) -> None:
    while BatchItem.objects.count() < count:
        page.wait_for_timeout(20)


def cut_connection(page: Page, proxy: Proxy) -> None:
    """Cut the connection after a part was stored and before its answer arrives."""
    proxy.delay_seconds = 5.0
    wait_until_stored(page, BatchItem.objects.count() + 1)
    proxy.shut()
    proxy.delay_seconds = 0.0
    # Found by its attribute: to look for its role among 10,000 files keeps a busy browser from showing it.
    problem = page.locator("[data-sending-problem]")
    expect(problem).to_contain_text("The connection was lost.", timeout=sized(60_000, 600_000))
    proxy.open()


def test_nothing_is_lost_or_doubled_of_a_large_folder(
    alice_page: Page, alice: User, server: WebServer, cluster: Cluster, folder: Path, media: Path
):
    worker = cluster.start_worker()
    cluster.start_beat()
    proxy = Proxy(server.port)
    alice_page.goto(f"http://127.0.0.1:{proxy.port}/")
    alice_page.locator("[data-folder] input").set_input_files(folder)
    for share in (0.2, 0.5):
        wait_until_stored(alice_page, int(share * FILES))
        cut_connection(alice_page, proxy)
    done = BatchItem.objects.filter(state="done")
    wait_for(lambda: done.count() >= 0.3 * FILES, 4800, "a third of the pictures")
    worker.kill()
    worker.start(seconds=120)
    alice_page.wait_for_url(re.compile("/batches/.+"), timeout=4_800_000)
    alice_page.goto("about:blank")  # the page of the batch would poll
    wait_for(lambda: done.count() == FILES, 4800, "all pictures")

    batch = Batch.objects.get()
    assert (batch.name, batch.closed_at is not None) == ("Meters", True)
    given = {
        str(path.relative_to(folder.parent)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*.png")
    }
    assert dict(batch.items.values_list("name", "upload__sha256")) == given
    assert batch.items.count() == Prediction.objects.count() == FILES
    originals = set(Upload.objects.values_list("original", flat=True))
    stored = {name for name in files_in(media, "batches") if not name.endswith(".part")}
    assert stored == originals and len(originals) == FILES

    client, url = client_of(alice), reverse("batch_detail", args=[batch.pk])
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    assert len(queries) <= MAX_QUERIES, [query["sql"] for query in queries]
    print(f"{FILES} files, and a page of their table with {len(queries)} queries")
