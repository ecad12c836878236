"""The environment of each test process: its own folders and servers, and no setting of the person who starts it."""

import atexit
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from config.embedded_redis import EmbeddedRedis
from config.env import setting_names
from tests.servers.ports import reserve_port
from tests.servers.postgres import Postgres

ROOT = Path(__file__).resolve().parent.parent
ENGINE = os.environ.get("TEST_DATABASE", "sqlite")  # or postgres
MEMORY = Path("/dev/shm")  # a file system in memory, on Linux
ROOM = 2 * 1024**3  # bytes that must be free there; containers often have 64 MiB


def create_session_folder() -> Path:
    """Create a folder in memory if there is room. Every picture and every transaction waits for the disk otherwise."""
    in_memory = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    folder = Path(tempfile.mkdtemp(prefix="digitscribe-tests-", dir=MEMORY if in_memory else None))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


FOLDER = create_session_folder()
# With pytest-xdist the first process, which runs no tests, names its folder to the others: what is in it is made once.
SHARED = Path(os.environ.setdefault("DIGITSCRIBE_TESTS_FOLDER", str(FOLDER)))
MEDIA = FOLDER / "media"
STATIC = SHARED / "static"
MODEL_CACHE = FOLDER / "models"
# Nothing listens on this port until a test starts Redis.
REDIS = replace(EmbeddedRedis.plan(FOLDER / "redis"), port=reserve_port())
SHARED_POSTGRES = "DIGITSCRIBE_TESTS_POSTGRES"  # the address of the server that the first process started


def prepare() -> None:
    """Set the environment, before Django reads its settings."""
    for name in setting_names():
        os.environ.pop(name, None)
        os.environ.pop(f"{name}_FILE", None)
    for folder in (MEDIA, STATIC):
        folder.mkdir(exist_ok=True)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "ENV_FILE": os.devnull,  # ignores the developer's .env
        "DATABASE_URL": database_url(),
        "REDIS_URL": REDIS.url,
        "QUEUE_PREFIX": "tests",
        "AUDITED_PERCENT": "0",  # a sure answer is in the review queue only in tests of audits
        "DISK_FLOOR_BYTES": "0",  # however full the disk of the machine is
        "MEDIA_ROOT": str(MEDIA),
        "MODEL_CACHE_ROOT": str(MODEL_CACHE),
        "STATIC_ROOT": str(STATIC),
        # Playwright runs an event loop in the thread of the tests, which Django would refuse as an asynchronous caller.
        "DJANGO_ALLOW_ASYNC_UNSAFE": "1",
    }


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Wait until no other process does what has this name."""
    with (SHARED / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def database_url() -> str:
    """Return the server's address. With pytest-xdist the first process starts PostgreSQL; each of the others has a
    database of its own on it."""
    if ENGINE != "postgres":
        return f"sqlite:///{FOLDER / 'unused.sqlite3'}"  # the test database is created beside it
    if SHARED_POSTGRES not in os.environ:
        postgres = Postgres()
        atexit.register(postgres.stop)
        postgres.start()
        os.environ[SHARED_POSTGRES] = postgres.url
    return os.environ[SHARED_POSTGRES]
