"""Tests of a full or read-only disk while uploads and feature maps are written."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from django.contrib.auth.models import User
from PIL import Image

from recognizer.models import Job, Prediction
from tests.pictures import varied_pngs
from tests.processes.conftest import Cluster, check_files, check_maps, files_in, sized, wait_for, wait_for_jobs
from tests.processes.people import person_at
from tests.servers.web import WebServer

pytestmark = [pytest.mark.processes]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of one megabyte."""
    folder = tmp_path / "media"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,nr_inodes=4k", "tmpfs", str(folder)], check=False)
    if mounted.returncode:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def web(alice, cluster: Cluster, small_disk: Path, static_files, tmp_path: Path) -> Iterator[WebServer]:
    cluster.environment |= {"MEDIA_ROOT": str(small_disk), "DISK_FLOOR_BYTES": "0"}
    web = WebServer(log=tmp_path / "web.log", environment=cluster.environment)
    web.start()
    yield web
    web.stop()


@pytest.fixture
def upload(alice: User, web: WebServer) -> Iterator[Callable[[bytes], int]]:
    """Return a function that uploads an image in the page and returns the status."""
    with person_at(web, alice) as client:
        yield lambda data: client.post("/uploads/", files={"image": ("7.png", data, "image/png")}).status_code


def test_an_upload_that_does_not_fit_leaves_nothing(upload, small_disk):
    ballast = fill(small_disk, leave=30_000)
    statuses = [upload(data) for data in varied_pngs(sized(12, 100), size=300)]
    assert set(statuses) == {302, 507}
    check_files(small_disk)
    ballast.unlink()
    assert upload(next(varied_pngs(1))) == 302
    assert Prediction.objects.count() == statuses.count(302) + 1


def test_maps_that_do_not_fit_wait_for_space(upload, cluster, small_disk):
    for data in varied_pngs(3, size=100):
        assert upload(data) == 302
    ballast = fill(small_disk, leave=8_000)
    cluster.start_worker()
    cluster.start_beat()
    wait_for(lambda: Job.objects.filter(error__contains="no space left").exists(), 30, "the error")
    for name in files_in(small_disk, "feature-maps"):
        Image.open(small_disk / name).load()
    ballast.unlink()
    wait_for_jobs(30)
    check_maps(small_disk)
    check_files(small_disk)
    assert set(Job.objects.values_list("attempts", flat=True)) == {1}


def test_a_read_only_disk_is_told_and_jobs_wait_for_its_repair(upload, cluster, web, small_disk):
    picture = next(varied_pngs(1, size=100))
    assert upload(picture) == 302
    remount(small_disk, "ro")
    assert upload(picture) == 503
    ready = httpx.get(f"{web.url}/readyz")
    assert (ready.status_code, ready.json()["storage"]) == (503, "down")
    cluster.start_worker()
    cluster.start_beat()
    wait_for(lambda: Job.objects.filter(error__contains="cannot use its storage").exists(), 30, "the error")
    remount(small_disk, "rw")
    wait_for_jobs(30)
    check_maps(small_disk)
    assert set(Job.objects.values_list("attempts", flat=True)) == {1}


def test_a_full_temporary_folder_refuses_large_files_only(alice, cluster, small_disk, static_files, tmp_path):
    cluster.environment["TMPDIR"] = str(small_disk)
    large = next(varied_pngs(1)) + bytes(3_000_000)
    web = WebServer(log=tmp_path / "web.log", environment=cluster.environment)
    web.start()
    with person_at(web, alice) as client:
        answers = [client.post("/uploads/", files={"image": ("7.png", data, "image/png")}) for data in (large, large)]
        answers.append(client.post("/uploads/", files={"image": ("7.png", next(varied_pngs(1)), "image/png")}))
    web.stop()
    assert [answer.status_code for answer in answers] == [507, 507, 302]
    assert "no space left" in answers[0].text


def remount(folder: Path, mode: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{mode}", str(folder)], check=True)


def fill(folder: Path, *, leave: int) -> Path:
    """Write a file that takes all space except `leave` bytes."""
    ballast = folder / ".ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            pass
    with ballast.open("r+b") as file:
        file.truncate(ballast.stat().st_size - leave)
    return ballast
