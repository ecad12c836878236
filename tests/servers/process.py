"""A server for tests and benchmarks, in its own process group. It ends with the process that started it."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from config.processes import end_with_parent, kill_group

ROOT = Path(__file__).resolve().parents[2]


class NotReadyError(Exception):
    """Raised when a server ended or did not answer. The message holds its log."""


def wait_until(condition: Callable[[], object], *, seconds: float, what: str) -> None:
    """Ask every 20 ms, and every 100 ms once it takes seconds: each question costs the servers processor time."""
    started = time.monotonic()
    while not condition():
        waited = time.monotonic() - started
        if waited > seconds:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(min(0.1, max(0.02, waited / 20)))


class Server:
    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        is_ready: Callable[[], object],
        environment: Mapping[str, str] | None = None,
        input: bytes = b"",
        user: str | None = None,
        folder: Path = ROOT,
    ) -> None:
        self.command, self.log, self.is_ready = command, log, is_ready
        self.environment = {**os.environ, **(environment or {})}
        self.input, self.user, self.folder = input, user, folder
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self, *, seconds: float = 120) -> None:
        parent = os.getpid()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                user=self.user,
                group=None if self.user is None else "nogroup" if _has_group("nogroup") else self.user,
                extra_groups=None if self.user is None else [],
                start_new_session=True,
                preexec_fn=lambda: end_with_parent(parent),
            )
        assert self.process.stdin is not None
        self.process.stdin.write(self.input)
        self.process.stdin.close()
        try:
            wait_until(lambda: not self.is_alive or self.is_ready(), seconds=seconds, what=self.command[0])
        except TimeoutError as error:
            self.kill()
            raise NotReadyError(f"{error}\n{self.output}") from error
        if not self.is_alive:
            raise NotReadyError(f"{' '.join(self.command)} ended at once:\n{self.output}")

    def stop(self, number: signal.Signals = signal.SIGTERM, *, seconds: float = 20) -> None:
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
        self.kill()

    def kill(self) -> None:
        """Send SIGKILL to the server and all its children."""
        if self.process is not None:
            kill_group(self.process.pid)
            self.process.wait()
            self.process = None

    def freeze(self) -> None:
        os.killpg(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.killpg(self.pid, signal.SIGCONT)


def _has_group(name: str) -> bool:
    import grp

    return any(group.gr_name == name for group in grp.getgrall())
