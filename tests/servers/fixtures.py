"""Fixtures of the servers: each is started for the test that asks for it, on its own port, and ended after it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings

from config import settings as product_settings
from recognizer.management.commands.prepare import Command
from recognizer.models import ModelVersion
from recognizer.services.work import breaker, broker
from tests import surroundings
from tests.servers.object_store import ObjectStore
from tests.servers.redis import RedisServer
from tests.servers.web import WebServer
from tests.servers.worker import Worker


def tests_database() -> dict[str, str]:
    name = connection.settings_dict["NAME"]
    server = os.environ["DATABASE_URL"].rpartition("/")[0]
    return {"DATABASE_URL": f"sqlite:///{name}" if connection.vendor == "sqlite" else f"{server}/{name}"}


@pytest.fixture
def same_database(transactional_db: None) -> dict[str, str]:
    """Return the environment of a process that shares the tests' database. It sees what is committed."""
    return tests_database()


@pytest.fixture
def redis_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisServer]:
    """Start the Redis of REDIS_URL. Without this fixture nothing listens there, which nothing may depend on.

    The deadlines of the test's own process are raised, since the machine may be busy; those of servers are not. At the
    end it is checked that no command of the product was refused: the breaker would hide that."""
    broker.import_producer()
    for name in ("DEADLINE_SECONDS", "SLOW_SECONDS"):
        monkeypatch.setattr(breaker, name, 10.0)
    server = RedisServer(surroundings.REDIS)
    server.start()
    server.client().flushall()
    yield server
    refused = server.refused_commands() if server.is_alive else []
    server.kill()
    assert refused == []


@pytest.fixture(scope="session")
def lasting_object_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    store = ObjectStore(tmp_path_factory.mktemp("store"))
    store.start()
    yield store
    store.kill()


@pytest.fixture
def object_store(lasting_object_store: ObjectStore) -> Iterator[ObjectStore]:
    """Return an object store with an empty bucket and without faults."""
    lasting_object_store.reset()
    yield lasting_object_store
    if lasting_object_store.proxy.is_shut:
        lasting_object_store.proxy.open()
    lasting_object_store.proxy.is_black_hole = False


@pytest.fixture
def media_in_store(object_store: ObjectStore, settings: Any) -> ObjectStore:
    """Keep the media of this process in the object store."""
    s3 = {**settings.STORAGES["s3"], "OPTIONS": object_store.options}
    settings.MEDIA_STORAGE = "s3"
    settings.STORAGES = {**settings.STORAGES, "default": s3, "s3": s3}
    return object_store


@pytest.fixture
def worker(
    redis_server: RedisServer, same_database: dict[str, str], model: ModelVersion, tmp_path: Path
) -> Iterator[Worker]:
    """Start a Celery worker with one child process, on both queues."""
    worker = Worker(log=tmp_path / "worker.log", environment=same_database)
    worker.start()
    yield worker
    worker.kill()


@pytest.fixture(scope="session")
def static_files() -> None:
    """Collect the static files with the storage that a web server uses.

    The fixture `media` sets a plain storage, which writes no manifest. It has done so already where a test asks for its
    server by `getfixturevalue`."""
    as_served = override_settings(STORAGES=product_settings.STORAGES, STATIC_ROOT=surroundings.STATIC)
    with surroundings.alone("static"), as_served:
        Command().collect_static_files()


@pytest.fixture(scope="session")
def lasting_server(
    static_files: None, django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WebServer]:
    server = WebServer(log=tmp_path_factory.mktemp("web") / "web.log", environment=tests_database())
    yield server
    server.stop()


@pytest.fixture
def own_server(
    static_files: None, same_database: dict[str, str], model: ModelVersion, tmp_path: Path
) -> Iterator[WebServer]:
    server = WebServer(log=tmp_path / "web.log", environment=same_database)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def server(
    request: pytest.FixtureRequest, static_files: None, same_database: dict[str, str], model: ModelVersion
) -> Iterator[WebServer]:
    """Return a gunicorn with one worker process, which answers at `server.url`.

    It outlives the test, since starting it takes longer than most tests do. A test with Redis gets a server of its own:
    the lasting one may have learned that there is no Redis, and would not ask it for a while. So does a test on
    PostgreSQL, where emptying the tables waits for open transactions."""
    if "redis_server" in request.fixturenames or surroundings.ENGINE == "postgres":
        yield request.getfixturevalue("own_server")
        return
    server: WebServer = request.getfixturevalue("lasting_server")
    if not server.is_alive:
        server.start()
    yield server
    if server.is_alive:
        server.thaw()  # in case the test froze it
