"""`make run`: Redis, a worker, beat and the web server in one terminal, with nothing left behind at the end.

It loads neither Django's settings nor Celery, so that the parts start at once. Whatever dies is restarted
with a back-off, but for the web server: its end, Ctrl-C or SIGTERM ends everything. If the supervisor itself
is killed with -9, Linux sends its children SIGTERM; what outlives even that is found by its pid file at the
next start.
"""

import contextlib
import fcntl
import os
import secrets
import selectors
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from django.core.exceptions import ImproperlyConfigured

from config.embedded_redis import EmbeddedRedis
from config.env import env, load_dotenv
from config.processes import Part, Process, end_with_parent, kill_leftovers

ROOT = Path(__file__).resolve().parent.parent
COLOURS = {"redis": 35, "setup": 33, "worker": 36, "beat": 34, "web": 32, "run": 1}
PATIENCE_SECONDS = 10.0  # between asking a part to end and killing it
PYTHON = sys.executable

CELERY = [PYTHON, "-m", "celery", "--quiet", "-A", "config.celery"]

SETUP = Part("setup", [PYTHON, "manage.py", "prepare"], restarts=False)
WORKER = Part("worker", [*CELERY, "worker", "--without-gossip", "--without-mingle", "--loglevel", "INFO"])
# The schedule is kept in memory: everything on it is cheap to run once too often, and no file can be damaged.
BEAT = Part("beat", [*CELERY, "beat", "--loglevel", "WARNING", "--scheduler", "celery.beat:Scheduler", "--pidfile="])
WEB = Part("web", [PYTHON, "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi"], restarts=False)
OUR_WORDS = ("config.celery", "config.wsgi", "redis-server", "valkey-server", "manage.py prepare")


def is_ours(command: str) -> bool:
    return any(word in command for word in OUR_WORDS)


class Terminal:
    """Lines of many processes, each behind the name of its own."""

    def __init__(self) -> None:
        self.coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        self.unfinished: dict[str, bytes] = {}

    def say(self, name: str, line: str) -> None:
        prefix = f"{name:<6} │ "
        if self.coloured:
            prefix = f"\033[{COLOURS[name]}m{prefix}\033[0m"
        with contextlib.suppress(BrokenPipeError):
            print(prefix + line, flush=True)  # noqa: T201  (the terminal is its business)

    def feed(self, name: str, data: bytes) -> None:
        *lines, rest = (self.unfinished.get(name, b"") + data).split(b"\n")
        self.unfinished[name] = rest
        for line in lines:
            self.say(name, line.decode(errors="replace").rstrip())


class Supervisor:
    def __init__(self, *, port: int, run_folder: Path, redis: EmbeddedRedis | None) -> None:
        self.port = port
        self.terminal = Terminal()
        self.environment: dict[str, str] = {**os.environ, "PORT": str(port), "PYTHONUNBUFFERED": "1"}
        if not env.str("SECRET_KEY", default=""):
            self.environment["SECRET_KEY_FILE"] = str(own_secret_key(run_folder))
        self.pid_folder = run_folder / "pids"
        self.pid_folder.mkdir(parents=True, exist_ok=True)
        self.selector = selectors.DefaultSelector()
        self.requests_to_stop = 0
        self.is_ending = False
        self.redis: Process | None = None
        if redis is not None:
            self.environment["REDIS_URL"] = redis.url
            self.redis = self.process(Part("redis", redis.command, input=redis.settings))
        self.setup = self.process(SETUP)
        self.web = self.process(WEB)
        self.others = [self.process(WORKER), self.process(BEAT)]
        self.probe: socket.socket | None = None
        self.announced = False

    def process(self, part: Part) -> Process:
        return Process(part, self.environment, self.pid_folder)

    @property
    def processes(self) -> list[Process]:
        return [p for p in (self.redis, self.setup, self.web, *self.others) if p is not None]

    def run(self) -> int:
        """Everything, until the end; the status is the web server's, or 0 where a person ended it."""
        self.catch_signals()
        for name in kill_leftovers(self.pid_folder, is_ours):
            self.terminal.say("run", f"An earlier {name} was still running; it was ended.")
        try:
            if self.redis is not None:
                self.start(self.redis)
                self.terminal.say("redis", "started; its journal and its log lie in .run/redis")
            status = self.run_setup() or self.serve()
        finally:
            self.stop()
        return status

    def run_setup(self) -> int:
        self.start(self.setup)
        while not self.setup.has_ended():
            self.turn()
            if self.requests_to_stop:
                return 0
        return self.finish(self.setup)

    def serve(self) -> int:
        for process in (self.web, *self.others):
            self.start(process)
        while not self.requests_to_stop:
            self.announce_when_ready()
            self.turn()
            if self.web.has_ended():
                return self.finish(self.web) or 1
        return 0

    def turn(self) -> None:
        """Pass on what the parts say, and restart what died."""
        self.read(0.5 if self.announced else 0.1)
        for process in self.processes:
            if process.part.restarts and process.has_ended():
                self.finish(process, again=True)
            due = process.start_again_at
            if due is not None and time.monotonic() >= due:
                self.start(process)

    def start(self, process: Process) -> None:
        process.start(ROOT)
        self.selector.register(process.output, selectors.EVENT_READ, process.part.name)

    def finish(self, process: Process, *, again: bool = False) -> int:
        """Its last words, and the status it ended with."""
        self.read(0)
        with contextlib.suppress(KeyError):  # its output may have ended before it did
            self.selector.unregister(process.output)
        how, status = process.bury(again=again)
        if (again or status) and not self.is_ending:
            self.terminal.say("run", f"{process.part.name} {how}.")
        return status

    def read(self, seconds: float) -> None:
        for key, _ in self.selector.select(seconds):
            try:
                data = os.read(key.fd, 65536)
            except BlockingIOError:
                continue
            if not data:
                self.selector.unregister(key.fd)
            elif key.data is not None:
                self.terminal.feed(key.data, data)

    def announce_when_ready(self) -> None:
        """Ask the web server once, and say where it is when it answers."""
        if self.announced:
            return
        try:
            if self.probe is None:
                self.probe = socket.create_connection(("127.0.0.1", self.port), timeout=1)
                self.probe.sendall(b"GET /healthz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
                self.probe.setblocking(False)
            self.announced = bool(self.probe.recv(1))
        except BlockingIOError:
            return
        except OSError:
            self.probe = None
        if self.announced:
            self.terminal.say("run", f"Digitscribe is at http://127.0.0.1:{self.port} (Ctrl-C ends it)")

    def catch_signals(self) -> None:
        reader, writer = os.pipe()
        for descriptor in (reader, writer):
            os.set_blocking(descriptor, False)
        # A signal wakes the selector up; without this, Ctrl-C would wait for the next line of a log.
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        self.selector.register(reader, selectors.EVENT_READ, None)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup stays what it is
                signal.signal(number, self.ask_to_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def ask_to_stop(self, *_: object) -> None:
        self.requests_to_stop += 1

    def stop(self) -> None:
        """First those that use Redis, then Redis; a second Ctrl-C kills at once."""
        self.is_ending = True
        self.stop_these([self.setup, self.web, *self.others])
        if self.redis is not None:
            self.stop_these([self.redis])

    def stop_these(self, processes: Sequence[Process]) -> None:
        before = self.requests_to_stop
        deadline = time.monotonic() + PATIENCE_SECONDS
        alive = [process for process in processes if process.running is not None]
        for process in alive:
            process.signal(signal.SIGTERM)
        while any(not process.has_ended() for process in alive):
            self.read(0.1)
            if time.monotonic() > deadline or self.requests_to_stop > max(before, 1):
                break
        for process in alive:
            process.kill()
            self.finish(process)


def own_secret_key(run_folder: Path) -> Path:
    """Made once and kept, so that sessions outlive a restart: the default in the settings is known to everybody."""
    file = run_folder / "secret-key"
    if not file.exists():
        # Beside it first: a full disk would leave an empty one, and no later start would get past it.
        unfinished = file.with_suffix(".part")
        unfinished.touch(mode=0o600)
        unfinished.write_text(secrets.token_urlsafe(50), encoding="ascii")
        unfinished.replace(file)
    return file


def complain(message: str) -> NoReturn:
    sys.exit(f"Digitscribe: {message}")


def check_port(port: int) -> None:
    if not 0 < port < 65536:
        complain(f"PORT must be between 1 and 65535, not {port}.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            complain(f"port {port} needs special rights. Take a higher one: make run PORT=8080")
        except OSError:
            other = 8080 if port != 8080 else 8081
            complain(f"port {port} is in use. Take another: make run PORT={other}")


@contextlib.contextmanager
def only_one(lock_file: Path) -> Iterator[None]:
    """The kernel drops this lock with the process, however it ends."""
    with lock_file.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            complain("it runs already from this folder. End that one first (Ctrl-C in its terminal).")
        yield
        lock_file.unlink(missing_ok=True)


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
        with only_one(run_folder / "lock"), redis.announced() if redis else contextlib.nullcontext():
            return Supervisor(port=port, run_folder=run_folder, redis=redis).run()
    except (ImproperlyConfigured, FileNotFoundError) as error:
        complain(str(error))
    except OSError as error:
        complain(f"this folder cannot be written to ({error.strerror}): {error.filename}")


if __name__ == "__main__":
    sys.exit(main())
