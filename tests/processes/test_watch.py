"""A watched folder whose command is killed again and again: each file is read once, and none is left behind."""

import random
import sys
import time
from pathlib import Path

import pytest

from recognizer.models import BatchItem, Upload
from tests.pictures import varied_pngs
from tests.processes.conftest import Cluster, sized
from tests.servers.process import Server, wait_until

pytestmark = [pytest.mark.processes]
FILES, KILLS = sized((60, 6), (1000, 60))


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_each_file_is_read_once_although_the_command_is_killed(alice, cluster: Cluster, tmp_path: Path):
    folder = tmp_path / "Scanner"
    folder.mkdir()
    cluster.start_worker()
    cluster.start_beat()
    command = [sys.executable, "manage.py", "watch", str(folder), "--user", "alice", "--settled", "0"]
    log = tmp_path / "watch.log"
    watcher = Server(command, log=log, environment=cluster.environment, is_ready=lambda: "Watching" in watcher.output)
    pictures = list(varied_pngs(FILES, size=60))
    try:
        for number in range(KILLS):
            watcher.start()
            for position, data in enumerate(pictures[number::KILLS]):
                (folder / f"{number}-{position}.png").write_bytes(data)
            time.sleep(random.uniform(0, 3))  # a kill comes at any moment
            watcher.kill()
        watcher.start()
        wait_until(lambda: len(files_below(folder / "done")) == FILES, seconds=240, what="the files are moved")
    finally:
        watcher.kill()
    assert BatchItem.objects.count() == Upload.objects.count() == FILES
    assert len(set(BatchItem.objects.values_list("name", flat=True))) == FILES
    assert [path.name for path in files_below(folder) if path.parent.name != "done"] == [".watch.lock"]
