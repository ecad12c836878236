"""The counters that processes share: no count is lost by a process that ends, and none is counted twice."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from recognizer.services.monitoring.counters import FILE_BYTES, SUFFIX, SharedCounters, count, counters
from recognizer.services.monitoring.exposition import sample
from tests.surroundings import ROOT

COUNT = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
from recognizer.services.monitoring.counters import counters
for _ in range(int(sys.argv[1])):
    counters.add(sys.argv[2])
print("counted", flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings.METRICS_ROOT = tmp_path / "metrics"
    settings.METRICS_TOKEN = "token"
    monkeypatch.setenv("METRICS_ROOT", str(tmp_path / "metrics"))
    return tmp_path / "metrics"


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a disk of three megabytes as the folder of the counters."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], check=False)
    if mounted.returncode:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


class Counting:
    """A process that counts, says so, and lives until it is ended."""

    def __init__(self, number: int, name: str) -> None:
        command = [sys.executable, "-c", COUNT, str(number), name]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=None
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "counted\n"

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def test_the_counts_of_all_processes_are_added_up(folder):
    processes = [Counting(3, "a"), Counting(4, "a"), Counting(5, "b")]
    assert SharedCounters().sums() == {"a": 7.0, "b": 5.0}
    assert len(list(folder.glob(f"*{SUFFIX}"))) == 3
    for process in processes:
        process.kill()


def test_a_process_that_is_killed_leaves_its_counts_to_the_next(folder):
    Counting(3, "a").kill()
    after = Counting(4, "a")
    assert SharedCounters().sums() == {"a": 7.0}
    assert len(list(folder.glob(f"*{SUFFIX}"))) == 1
    after.kill()


def test_a_file_of_another_size_is_left_alone(folder):
    folder.mkdir()
    (folder / f"old{SUFFIX}").write_bytes(b"")
    Counting(1, "a").kill()
    assert sorted(path.stat().st_size for path in folder.glob(f"*{SUFFIX}")) == [0, FILE_BYTES]
    assert SharedCounters().sums() == {"a": 1.0}


def test_a_folder_that_cannot_be_written_costs_only_the_counts(folder, caplog):
    folder.write_text("a file in place of the folder")
    own = SharedCounters()
    own.add("a")
    own.add("a")
    assert own.sums() == {}
    assert "not counted" in caplog.text


@pytest.mark.parametrize("is_taken_over", [False, True])
def test_a_full_disk_costs_only_the_counts(small_disk, is_taken_over):
    """Without space for its file a process would be killed with SIGBUS at its first count."""
    if is_taken_over:  # one of an earlier release, which reserved no space
        with (small_disk / f"earlier{SUFFIX}").open("wb") as file:
            file.truncate(FILE_BYTES)
    with pytest.raises(OSError, match="No space left"):
        (small_disk / "ballast").write_bytes(bytes(4 << 20))
    counting = Counting(3, "a")  # says that it has counted
    counting.kill()
    assert SharedCounters().sums() == {}


def test_nothing_is_counted_and_no_file_is_made_while_nobody_may_see_it(folder, settings):
    settings.METRICS_TOKEN = ""
    count("a")
    assert not folder.exists()
    assert counters.sums() == {}


def test_labels_are_escaped():
    assert sample("a", b='"\\\n') == r'a{b="\"\\\n"}'
