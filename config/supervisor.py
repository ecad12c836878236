"""The supervisor behind `make run`: Redis, a worker, beat and the web server in one terminal.

It loads neither Django's settings nor Celery, so that it starts at once. It restarts what dies, with a growing pause.
The end of the web server, Ctrl-C and SIGTERM end everything. If the supervisor itself is killed, Linux sends its
children SIGTERM; the next start kills those that are still running, by their pid files.
"""

import asyncio
import contextlib
import fcntl
import importlib.util
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from django.core.exceptions import ImproperlyConfigured

from config.embedded_redis import EmbeddedRedis, JournalGuard
from config.env import env, load_dotenv
from config.processes import end_process, end_with_parent, kill_leftovers
from mlcore.atomic_files import open_atomic

ROOT = Path(__file__).resolve().parent.parent
COLOURS = {"redis": 35, "setup": 33, "worker": 36, "beat": 34, "web": 32, "train": 36, "watch": 34, "run": 1}
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 30.0  # before a restart
STEADY_SECONDS = 20.0  # a process that ran this long is restarted after the first pause again

CELERY = [sys.executable, "-m", "celery", "--quiet", "-A", "config.celery"]
SETUP = [sys.executable, "manage.py", "prepare"]
WORKER = [*CELERY, "worker", "--without-gossip", "--without-mingle", "--loglevel", "INFO"]
TRAINER_OPTIONS = ["--pool", "solo", "--hostname", "trainer@%h"]  # one training at a time, in the process itself
BEAT = [*CELERY, "beat", "--loglevel", "WARNING", "--pidfile="]
WATCH = [sys.executable, "manage.py", "watch"]
WEB = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi"]


def print_line(name: str, line: str) -> None:
    prefix = f"{name:<6} │ "
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        prefix = f"\033[{COLOURS[name]}m{prefix}\033[0m"
    with contextlib.suppress(BrokenPipeError):
        print(prefix + line, flush=True)  # noqa: T201  (the command's output)


async def print_lines(name: str, descriptor: int) -> None:
    lines = asyncio.StreamReader(limit=1 << 20)
    pipe = os.fdopen(descriptor, "rb", buffering=0)  # closed by its transport
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), pipe)
    async for line in lines:
        print_line(name, line.decode(errors="replace").rstrip())


class Supervisor:
    """All processes of `make run`."""

    def __init__(self, *, port: int, run_folder: Path, redis: EmbeddedRedis | None) -> None:
        self.port, self.redis = port, redis
        self.environment = {**os.environ, "PORT": str(port), "PYTHONUNBUFFERED": "1"}
        if not env.str("SECRET_KEY", default=""):
            self.environment["SECRET_KEY_FILE"] = str(own_secret_key(run_folder))
        if redis:
            self.environment["REDIS_URL"] = redis.url
        self.pid_folder = run_folder / "pids"
        self.pid_folder.mkdir(parents=True, exist_ok=True)

    async def run(self) -> int:
        """Run everything until the web server ends, and return its status. SIGINT or SIGTERM cancel it."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  (it runs in one)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup keeps its effect
                asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        for name in kill_leftovers(self.pid_folder):
            print_line("run", f"Killed the {name} of an earlier run.")
        if self.redis:
            print_line("redis", f"Its journal and its log are in {self.redis.folder}.")
            if warning := self.redis.program.warning:
                print_line("redis", warning)
        redis = [self.keep_redis_running(self.redis)] if self.redis else []
        async with running(*redis):  # ends last, since the others use it
            if status := await self.run_once("setup", SETUP):
                return status
            others = [self.keep_running("worker", WORKER), self.keep_running("beat", BEAT), self.announce()]
            if can_train():
                others.append(self.keep_running("train", trainer_command()))
            if env.str("WATCH_FOLDER", default=""):
                others.append(self.keep_running("watch", WATCH))
            async with running(self.run_once("web", WEB), *others) as (web, *_):
                await asyncio.wait([web])
                return web.result() or 1

    async def keep_redis_running(self, redis: EmbeddedRedis) -> int:
        """Restart Redis whenever it ends. A journal that it cannot read is set aside first."""
        journal = JournalGuard(redis)

        def repair() -> None:
            if done := journal.set_aside_if_damaged():
                print_line("redis", done)

        return await self.keep_running("redis", redis.command, redis.settings, repair)

    async def keep_running(
        self, name: str, command: Sequence[str], stdin: bytes = b"", repair: Callable[[], None] = lambda: None
    ) -> int:
        """Repair and restart the command whenever it ends, after a pause that doubles while it keeps dying early."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            started_at = time.monotonic()
            await self.run_once(name, command, stdin)
            repair()
            if time.monotonic() - started_at > STEADY_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            print_line("run", f"{name} is restarted in {pause:g} s.")
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def run_once(self, name: str, command: Sequence[str], stdin: bytes = b"") -> int:
        """Run the command until it ends, and return its status as a shell does. A cancellation ends it."""
        pid_path = self.pid_folder / f"{name}.pid"
        process, printing = await self.start(name, command, stdin, pid_path)
        try:
            status = await process.wait()
        finally:
            await end_process(process)
            pid_path.unlink(missing_ok=True)
            await asyncio.wait([printing], timeout=1)
        if status > 0:
            print_line("run", f"{name} ended with status {status}.")
        elif status < 0:
            print_line("run", f"{name} was ended by {signal.Signals(-status).name}.")
        return status if status >= 0 else 128 - status

    async def start(
        self, name: str, command: Sequence[str], stdin: bytes, pid_path: Path
    ) -> tuple[asyncio.subprocess.Process, asyncio.Task[None]]:
        """Return the started process and the task that prints its output."""
        parent = os.getpid()
        output, output_writer = os.pipe()  # asyncio's own would make wait() wait for grandchildren in some Pythons 3.12
        with pid_path.open("w") as pid_file, os.fdopen(output_writer, "wb") as stdout:
            fcntl.flock(pid_file, fcntl.LOCK_EX)  # the process group holds this lock from now on; see kill_leftovers
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=ROOT,
                env=self.environment,
                stdin=asyncio.subprocess.PIPE,
                stdout=stdout,
                stderr=stdout,
                pass_fds=[pid_file.fileno()],
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which ends the processes in order
                preexec_fn=lambda: end_with_parent(parent),
            )
            pid_file.write(str(process.pid))
        if process.stdin:
            process.stdin.write(stdin)
            process.stdin.close()
        return process, asyncio.create_task(print_lines(name, output))

    async def announce(self) -> int:
        """Ask the web server until it answers, and print its address."""
        while True:
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                with contextlib.closing(writer):
                    writer.write(b"GET /healthz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
                    if await reader.read(1):
                        print_line("run", f"Digitscribe is at http://127.0.0.1:{self.port} (Ctrl-C ends it)")
                        return 0
            await asyncio.sleep(0.2)


@contextlib.asynccontextmanager
async def running(*coroutines: Coroutine[Any, Any, int]) -> AsyncIterator[list[asyncio.Task[int]]]:
    """Run the coroutines as tasks, and cancel them at the end of the block."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def can_train() -> bool:
    """Return whether the packages of `make train-deps` are installed. Looking for them loads none."""
    return all(importlib.util.find_spec(name) for name in ("tensorflow", "keras", "onnx"))


def trainer_command() -> list[str]:
    """Return the command of the worker that runs trainings and nothing else."""
    queue = f"{env.str('QUEUE_PREFIX', default='digitscribe')}.train"
    return [*WORKER, *TRAINER_OPTIONS, "--queues", queue]


def own_secret_key(run_folder: Path) -> Path:
    """Return the file of this installation's key, made once, since the default in the settings is public."""
    file = run_folder / "secret-key"
    if not file.exists():
        with open_atomic(file, 0o600) as key:
            key.write(secrets.token_urlsafe(50).encode())
    return file


def exit_with(message: str) -> NoReturn:
    sys.exit(f"Digitscribe: {message}")


def check_port(port: int) -> None:
    if not 0 < port < 65536:
        exit_with(f"PORT must be between 1 and 65535, not {port}.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            exit_with(f"port {port} needs special rights. Use a higher one: make run PORT=8080")
        except OSError:
            exit_with(f"port {port} is in use. Use another one: make run PORT={8080 if port != 8080 else 8081}")


@contextlib.contextmanager
def lock(file: Path) -> Iterator[None]:
    """Hold the lock of this folder. The kernel releases it with the process, however that ends."""
    with file.open("a+") as locked:
        try:
            fcntl.flock(locked, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            exit_with("it already runs in this folder. End it first (Ctrl-C in its terminal).")
        try:
            yield
        finally:
            file.unlink(missing_ok=True)


def main() -> int:
    if "--end-with-make" in sys.argv[1:]:
        end_with_parent(os.getppid())
    try:
        load_dotenv()
        run_folder = env.path("RUN_ROOT", default=ROOT / ".run")
        run_folder.mkdir(mode=0o700, exist_ok=True)
        port = env.int("PORT", default=8000, at_least=1)
        redis = None if env.str("REDIS_URL", default="") else EmbeddedRedis.plan(run_folder / "redis")
        check_port(port)
        with lock(run_folder / "lock"), redis.publish_address() if redis else contextlib.nullcontext():
            return asyncio.run(Supervisor(port=port, run_folder=run_folder, redis=redis).run())
    except asyncio.CancelledError:  # by a person
        return 0
    except (ImproperlyConfigured, FileNotFoundError) as error:
        exit_with(str(error))
    except OSError as error:
        exit_with(f"this folder cannot be written to ({error.strerror}): {error.filename}")


if __name__ == "__main__":
    sys.exit(main())
