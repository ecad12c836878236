"""A child of the supervisor: a process group of its own, restarted with a back-off, ended as a whole."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG = 1
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 20.0  # a process that lived this long starts its back-off anew

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def end_with_parent(parent: int) -> None:
    """Ask Linux to send SIGTERM here when the parent dies, by whatever signal."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the request was made
            os.kill(os.getpid(), signal.SIGTERM)


@dataclass(frozen=True)
class Part:
    """What is to run, as the terminal calls it."""

    name: str
    command: Sequence[str]
    input: bytes = b""  # given on standard input, where a secret is better kept than in the arguments
    restarts: bool = True


@dataclass
class Process:
    """A part as it runs, and its history of deaths."""

    part: Part
    environment: Mapping[str, str]
    pid_folder: Path
    running: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_again_at: float | None = None
    _pause_seconds: float = field(default=0.5, repr=False)

    @property
    def pid_file(self) -> Path:
        return self.pid_folder / f"{self.part.name}.pid"

    @property
    def output(self) -> int:
        """The descriptor of what it prints."""
        assert self.running is not None and self.running.stdout is not None  # noqa: S101  (only asked while it runs)
        return self.running.stdout.fileno()

    def start(self, folder: Path) -> None:
        parent = os.getpid()
        stdin_reader, stdin_writer = os.pipe()
        os.write(stdin_writer, self.part.input)
        os.close(stdin_writer)
        self.running = subprocess.Popen(  # noqa: S603  (our own commands)
            self.part.command,
            cwd=folder,
            env=dict(self.environment),
            stdin=stdin_reader,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # A group of its own: Ctrl-C reaches the supervisor alone, which ends the parts in order.
            start_new_session=True,
            preexec_fn=lambda: end_with_parent(parent),  # safe: the supervisor has one thread
        )
        os.close(stdin_reader)
        self.pid_file.write_text(str(self.running.pid), encoding="ascii")
        self.started_at, self.start_again_at = time.monotonic(), None
        os.set_blocking(self.output, False)

    def has_ended(self) -> bool:
        return self.running is not None and self.running.poll() is not None

    def bury(self, *, again: bool) -> tuple[str, int]:
        """Clear up after its end, plan the restart, and say how it ended: for people, and for shells."""
        assert self.running is not None  # noqa: S101  (it was started)
        code = self.running.returncode
        kill_group(self.running.pid)
        if self.running.stdout is not None:
            self.running.stdout.close()
        self.running = None
        self.pid_file.unlink(missing_ok=True)
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
        if again:
            now = time.monotonic()
            if now - self.started_at > STEADY_SECONDS:
                self._pause_seconds = 0.5
            self.start_again_at = now + self._pause_seconds
            how += f"; it starts again in {self._pause_seconds:g} s"
            self._pause_seconds = min(2 * self._pause_seconds, LONGEST_PAUSE_SECONDS)
        return how, code if code >= 0 else 128 - code

    def signal(self, number: signal.Signals) -> None:
        if self.running is not None and self.running.poll() is None:
            self.running.send_signal(number)

    def kill(self) -> None:
        if self.running is not None:
            kill_group(self.running.pid)
            self.running.wait()


def kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def kill_leftovers(pid_folder: Path, is_ours: Callable[[str], bool]) -> list[str]:
    """End what an earlier supervisor left behind when it was killed with no chance to clear up."""
    killed = []
    for pid_file in sorted(pid_folder.glob("*.pid")):
        with contextlib.suppress(ValueError):
            group = int(pid_file.read_text(encoding="ascii"))
            # The number may belong to somebody else by now, so the command line decides.
            if any(is_ours(command) for command in _commands_of(group)):
                kill_group(group)
                killed.append(pid_file.stem)
        pid_file.unlink(missing_ok=True)
    return killed


def _commands_of(group: int) -> list[str]:
    proc = Path("/proc")
    if (proc / "self/stat").exists():  # Linux, where slim containers have no ps
        return [command for process in proc.glob("[0-9]*") if (command := _command_if_in(group, process))]
    ps = subprocess.run(["ps", "-A", "-o", "pgid=,args="], capture_output=True, text=True, check=False)  # noqa: S607
    rows = (line.strip().partition(" ") for line in ps.stdout.splitlines())
    return [command for number, _, command in rows if number == str(group)]


def _command_if_in(group: int, process: Path) -> str:
    try:
        # pid (name) state ppid pgrp …, and a name may contain anything.
        fields = (process / "stat").read_text().rpartition(")")[2].split()
        if int(fields[2]) != group:
            return ""
        return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:  # it ended meanwhile
        return ""
