"""The environment of a benchmark: its own database, Redis and folders, and gunicorn as in production."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from tests.servers.postgres import Postgres
from tests.servers.process import Server
from tests.servers.redis import RedisServer
from tests.servers.web import WebServer
from tests.servers.worker import Worker

Engine = Literal["sqlite", "postgres"]
WEB_WORKERS = 2


@dataclass
class Stage:
    folder: Path
    redis: RedisServer

    def web(self) -> WebServer:
        return WebServer(log=self.folder / "web.log", environment={}, workers=WEB_WORKERS)

    def worker(self, concurrency: int = 1) -> Worker:
        return Worker(log=self.folder / "worker.log", environment={}, concurrency=concurrency)


@contextmanager
def stage(engine: Engine) -> Iterator[Stage]:
    """Set up Django with a migrated database and the shipped model active, and remove all of it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="digitscribe-bench-"))
    redis = RedisServer.in_folder(folder / "redis")
    postgres = Postgres(durable=True) if engine == "postgres" else None
    servers: list[Server] = [redis, *([postgres] if postgres else [])]
    try:
        for server in servers:
            server.start()
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "ENV_FILE": os.devnull,
            "PRODUCTION": "1",
            "HTTPS": "0",  # no proxy terminates TLS here
            "SECRET_KEY": "a key for this benchmark only, long enough to be accepted",
            "DATABASE_URL": postgres.url if postgres else f"sqlite:///{folder / 'bench.sqlite3'}",
            "REDIS_URL": redis.url,
            "MEDIA_ROOT": str(folder / "media"),
            "STATIC_ROOT": str(folder / "static"),
            "LOG_LEVEL": "WARNING",
            "API_REQUESTS_PER_USER": "1000000000",  # the throttle counts and refuses nothing
            "API_REQUESTS_PER_ADDRESS": "1000000000",
            "PREVIEWS_PER_USER": "1000000000",
            "READINGS_AT_ONCE": "1000000000",
        }
        prepare()
        yield Stage(folder, redis)
    finally:
        for server in servers:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def prepare() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("prepare")


@dataclass(frozen=True)
class Memory:
    """The resident memory of one process, in MB."""

    now: float
    peak: float
    loaded_tensorflow: bool


def memory_of(server: Server) -> list[Memory]:
    """Return the memory of the processes that do the work: the children of gunicorn's or Celery's master."""
    return [measure(child.pid) for child in psutil.Process(server.pid).children()]


def measure(pid: int) -> Memory:
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    kilobytes = {name: int(fields[name].split()[0]) for name in ("VmRSS", "VmHWM")}
    loaded = "tensorflow" in Path(f"/proc/{pid}/maps").read_text()
    return Memory(kilobytes["VmRSS"] / 1024, kilobytes["VmHWM"] / 1024, loaded)
