"""Tests of `make run` with real processes: what dies is restarted, and nothing is left at the end."""

import contextlib
import fcntl
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import psutil
import pytest

from config.embedded_redis import free_port, running_redis
from config.env import setting_names
from config.processes import kill_leftovers
from config.redis_program import WHEEL
from config.supervisor import own_secret_key
from tests.database import MIGRATED
from tests.servers.process import ROOT, Server, wait_until
from tests.surroundings import SHARED

pytestmark = [pytest.mark.processes, pytest.mark.slow]

COMMAND = [sys.executable, "-m", "config.supervisor"]
# It would wait an hour for a frozen process, so that only a second Ctrl-C ends it while a test waits.
PATIENCE = "import sys, config.processes, config.supervisor as s; config.processes.PATIENCE_SECONDS = 3600.0"
PATIENT_COMMAND = [sys.executable, "-c", f"{PATIENCE}; sys.exit(s.main())"]
PARTS = ("redis", "worker", "beat", "web")


class Run(Server):
    """A supervisor with its own database, Redis and port."""

    def __init__(self, folder: Path, command: Sequence[str] = COMMAND) -> None:
        self.run_folder, self.port = folder / "run", free_port()
        environment = dict.fromkeys(setting_names(), "") | {
            "PORT": str(self.port),
            "RUN_ROOT": str(self.run_folder),
            "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
            "MEDIA_ROOT": str(folder / "media"),
            "STATIC_ROOT": os.environ["STATIC_ROOT"],
            "QUEUE_PREFIX": "supervised",
            "WEB_WORKERS": "1",
        }
        super().__init__(
            command,
            log=folder / "log",
            environment=environment,
            is_ready=lambda: "Digitscribe is at" in self.output and all(map(self.pid_of, PARTS)),
        )

    def pid_of(self, part: str) -> int | None:
        """Return the pid of the part, or None while it is not running."""
        with contextlib.suppress(FileNotFoundError, ValueError):  # missing, or not written yet
            return int((self.run_folder / "pids" / f"{part}.pid").read_text())
        return None

    def descendants(self) -> list[psutil.Process]:
        """Return every process that it started, directly or not."""
        return [process for process in psutil.process_iter() if self._is_descendant(process)]

    def _is_descendant(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get("RUN_ROOT") == str(self.run_folder) and process.status() != "zombie"
        except psutil.Error:
            return False

    def freeze_worker(self) -> None:
        """Freeze the worker once it handles SIGTERM, which would end it where the kernel has not stopped it yet."""
        is_ready = re.compile(r"^worker .* ready\.$", re.MULTILINE)
        wait_until(lambda: is_ready.search(self.output), seconds=60, what=f"the worker ready\n{self.output}")
        worker = psutil.Process(self.pid_of("worker"))
        worker.suspend()
        wait_until(lambda: worker.status() == psutil.STATUS_STOPPED, seconds=60, what="the worker stopped")

    def wait_until_nothing_is_left(self) -> None:
        assert self.process is not None
        self.process.wait(30)
        wait_until(lambda: not self.descendants(), seconds=30, what=f"all processes gone\n{self.output}")


@pytest.fixture
def first_run(tmp_path: Path, static_files: None) -> Iterator[Run]:
    """Start an installation that has no database yet."""
    run = Run(tmp_path)
    run.start(seconds=120)
    yield run
    for process in run.descendants():
        process.kill()


@pytest.fixture
def migrated(tmp_path: Path, django_db_setup: None) -> None:
    """Copy the migrated database of the tests to where a run has its own."""
    shutil.copy(SHARED / f"{MIGRATED}.sqlite3", tmp_path / "db.sqlite3")


@pytest.fixture
def running(migrated: None, first_run: Run) -> Run:
    """Start an installation whose tables are up to date, which takes half the time."""
    return first_run


def test_dead_processes_are_restarted_and_ctrl_c_ends_all_of_them(running: Run):
    assert httpx.get(f"http://127.0.0.1:{running.port}/healthz").text == "ok\n"
    assert (running.run_folder / "secret-key").stat().st_mode & 0o077 == 0
    for part in ("redis", "worker", "beat"):
        first = running.pid_of(part)
        assert first is not None
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: running.pid_of(part) not in (None, first), seconds=30, what=f"{part} restarted")  # noqa: B023
        assert f"{part} was ended by SIGKILL" in running.output
        assert not any(os.getpgid(p.pid) == first for p in running.descendants()), "its children are left"
    redis = running.pid_of("redis")
    assert redis is not None
    (journal,) = running.run_folder.glob("redis/appendonlydir/*.incr.aof")
    with journal.open("ab") as end_of_journal:
        end_of_journal.write(b"damage\r\n" * 10)
    os.kill(redis, signal.SIGKILL)
    wait_until(lambda: "The journal was damaged" in running.output, seconds=30, what="the journal set aside")
    wait_until(lambda: running_redis(running.run_folder / "redis"), seconds=30, what="Redis without its journal")
    assert httpx.get(f"http://127.0.0.1:{running.port}/healthz").text == "ok\n"

    running.process.send_signal(signal.SIGINT)
    running.wait_until_nothing_is_left()
    assert running.process.returncode == 0
    assert sorted(path.name for path in running.run_folder.iterdir()) == ["pids", "redis", "secret-key"]
    assert list((running.run_folder / "pids").iterdir()) == []


def test_the_end_of_the_web_server_ends_the_rest_and_a_second_start_makes_no_second_admin(first_run: Run):
    running = first_run
    assert "The first account: admin, password " in running.output
    os.kill(running.pid_of("web"), signal.SIGKILL)
    running.wait_until_nothing_is_left()
    assert running.process.returncode != 0
    assert "web was ended by SIGKILL" in running.output

    running.start(seconds=120)
    assert "password" not in running.output
    # A frozen worker is killed after PATIENCE_SECONDS.
    running.freeze_worker()
    running.process.send_signal(signal.SIGTERM)
    running.wait_until_nothing_is_left()
    assert running.process.returncode == 0


def jobs_command(run: Run) -> str:
    """Return what `manage.py jobs` prints in another terminal."""
    command = [sys.executable, "manage.py", "jobs"]
    done = subprocess.run(command, cwd=ROOT, env=run.environment, capture_output=True, text=True, check=True)
    return done.stdout


def test_a_killed_supervisor_leaves_no_process_and_no_lock_and_a_second_ctrl_c_kills_at_once(running: Run):
    wait_until(lambda: "The worker is ready." in jobs_command(running), seconds=30, what="the worker found")
    os.kill(running.pid, signal.SIGKILL)
    running.wait_until_nothing_is_left()
    assert "The job queue cannot be reached." in jobs_command(running)

    running.command = PATIENT_COMMAND
    running.start(seconds=120)  # in spite of the lock and pid files of the first run
    running.freeze_worker()
    running.process.send_signal(signal.SIGINT)
    wait_until(lambda: running.pid_of("web") is None, seconds=30, what="the first Ctrl-C obeyed")
    assert running.pid_of("worker")
    running.process.send_signal(signal.SIGINT)
    running.wait_until_nothing_is_left()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals the death of a parent")
def test_the_death_of_make_ends_everything(tmp_path: Path, static_files: None, migrated: None):
    make = [sys.executable, "-c", "import subprocess, sys; subprocess.run(sys.argv[1:])"]
    run = Run(tmp_path, [*make, *COMMAND, "--end-with-make"])
    run.start(seconds=120)
    run.process.kill()
    run.wait_until_nothing_is_left()


def failed_start(folder: Path, **environment: str) -> str:
    """Return the one line that a start prints when it cannot succeed."""
    environment = {**os.environ, "RUN_ROOT": str(folder / "run"), "PORT": str(free_port()), **environment}
    ended = subprocess.run(COMMAND, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    return line


def test_a_port_in_use_is_reported_in_one_line(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        line = failed_start(tmp_path, PORT=str(port))
    assert line == f"Digitscribe: port {port} is in use. Use another one: make run PORT=8080"


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_an_invalid_port_is_reported_in_one_line(tmp_path: Path, port: str):
    assert "PORT must be" in failed_start(tmp_path, PORT=port)


def test_a_folder_that_cannot_be_written_is_reported_in_one_line(tmp_path: Path):
    (tmp_path / "run").write_text("a file where the folder should be")
    assert "this folder cannot be written to" in failed_start(tmp_path)


def test_a_full_disk_leaves_no_incomplete_secret_key(tmp_path: Path):
    code = "import pathlib, sys, config.supervisor as s; s.own_secret_key(pathlib.Path(sys.argv[1]))"
    full = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
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


def test_a_missing_redis_is_reported_in_one_line(tmp_path: Path):
    """Neither in the wheel nor on the PATH: a package without a server hides the wheel."""
    (tmp_path / WHEEL).mkdir()
    (tmp_path / WHEEL / "__init__.py").touch()
    line = failed_start(tmp_path, REDIS_URL="", PYTHONPATH=str(tmp_path), PATH=str(tmp_path))
    assert "Redis was not found." in line


def test_leftovers_of_an_earlier_run_are_killed_and_other_processes_are_not(tmp_path: Path):
    """An earlier run's process holds the lock of its pid file; the other pid was reused by a stranger."""
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    with (tmp_path / "worker.pid").open("w") as pid_file:
        fcntl.flock(pid_file, fcntl.LOCK_EX)
        ours = subprocess.Popen(sleep, start_new_session=True, pass_fds=[pid_file.fileno()])
        pid_file.write(str(ours.pid))
    stranger = subprocess.Popen(sleep, start_new_session=True)
    (tmp_path / "web.pid").write_text(str(stranger.pid))
    (tmp_path / "beat.pid").touch()  # its supervisor was killed before it wrote the number
    try:
        assert kill_leftovers(tmp_path) == ["worker"]
        assert ours.wait(10) == -signal.SIGKILL
        assert stranger.poll() is None
        assert list(tmp_path.iterdir()) == []
    finally:
        stranger.kill()
        ours.kill()
