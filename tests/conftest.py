"""Fixtures that all tests share: users, clients, folders and the shipped model. Servers are real, never mocked."""

import gc
import json
import os
import shutil
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker

from tests import surroundings

surroundings.prepare()

import django  # noqa: E402  (reads the environment just prepared)

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.contrib.sessions.backends.base import SessionBase  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

import config.celery  # noqa: E402, F401  (tasks are sent through this application)
from mlcore.artifact import SHIPPED, Artifact, load_artifact  # noqa: E402
from mlcore.reading.engine import Engine  # noqa: E402
from mlcore.reading.reader import Reader  # noqa: E402
from recognizer.login.hashers import Argon2Hasher  # noqa: E402
from recognizer.models import ModelVersion, Promotion  # noqa: E402
from recognizer.services.people.tokens import create_token  # noqa: E402
from recognizer.services.registry import model_versions  # noqa: E402
from recognizer.services.work import broker, worker_state  # noqa: E402
from tests.database import create_database  # noqa: E402
from tests.thorough import is_thorough  # noqa: E402

# Nearly every test makes a user, and a hash takes 20 ms with the costs of production. A hash carries its costs, so
# servers under test verify these as well.
Argon2Hasher.time_cost, Argon2Hasher.memory_cost = 1, 64

# Pages find their static files without a manifest. Set once: for each test it would create all storages anew.
settings.STORAGES = {
    **settings.STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
settings.STATIC_ROOT = surroundings.FOLDER / "plain-static"  # for `prepare` in the test's own process
settings.STATIC_ROOT.mkdir(exist_ok=True)

gc.disable()  # until all tests are collected

# The machine may be busy: no example is refused for its time.
hypothesis_settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("tests")

pytest_plugins = [
    "tests.networks",
    "tests.training",
    "tests.servers.fixtures",
    "tests.browser.fixtures",
    "tests.browser.filled_pages",
]

# These run on PostgreSQL as well, since the database decides their outcome: constraints, locks, transactions, JSON,
# order, raw SQL, and text that it refuses. What a page looks like, or what Redis and signals do, is the same on both.
ON_POSTGRES_TOO = (
    "processes/test_account_deletion.py",
    "processes/test_kills.py",
    "processes/test_once.py",
    "recognizer/admin",
    "recognizer/api/endpoints/test_batches.py",
    "recognizer/api/endpoints/test_corrections.py",
    "recognizer/api/endpoints/test_predictions.py",
    "recognizer/api/endpoints/test_quality.py",
    "recognizer/api/test_bad_input.py",
    "recognizer/api/test_contract.py",
    "recognizer/api/test_idempotency.py",
    "recognizer/commands",
    "recognizer/models",
    "recognizer/queries",
    "recognizer/services",
    "recognizer/startup/test_postgresql.py",
    "recognizer/views/test_account_mails.py",
    "recognizer/views/test_history.py",
    "recognizer/views/test_history_bulk.py",
    "recognizer/views/test_history_deleted.py",
    "recognizer/views/test_metrics.py",
    "recognizer/views/test_review.py",
    "servers/test_backup.py",
)
collect_ignore = ["browser", "config", "mlcore"] if surroundings.ENGINE == "postgres" else []
LONG_FIRST = ("trains", "processes", "browser", "slow")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    """Group the tests before pytest-xdist reads the groups, and sort them after pytest-django, which sorts them by
    their use of the database."""
    for item in items:
        if "trained" in item.fixturenames:
            item.add_marker(pytest.mark.trains)
            item.add_marker(pytest.mark.timeout(900))  # the first such test waits for the training
        if is_thorough(item):
            item.add_marker(pytest.mark.thorough)
        item.add_marker(pytest.mark.xdist_group(group_of(item)))
    if surroundings.ENGINE == "postgres":
        kept = [item for item in items if runs_on_postgres(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
        items[:] = kept
    yield
    items.sort(key=start_order)


def pytest_collection_finish() -> None:
    """Leave modules and tests out of every later collection of garbage, which would take up to half a second."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Let each process choose its own folders: with this variable pytest-django would read the settings before."""
    del os.environ["DJANGO_SETTINGS_MODULE"]


def group_of(item: pytest.Item) -> str:
    """Return the name that tests share which one process runs: a test with servers of its own runs wherever there is
    room, the tests of the trained network share it, and the others share the fixtures of their file."""
    if item.get_closest_marker("processes"):
        return item.nodeid
    return "trained" if "trained" in item.fixturenames else str(item.path)


def start_order(item: pytest.Item) -> int:
    """Return a sort key that starts the longest tests first, so that the processes end at about the same time."""
    places = [LONG_FIRST.index(mark) for mark in LONG_FIRST if item.get_closest_marker(mark)]
    return min(places, default=len(LONG_FIRST))


def runs_on_postgres(item: pytest.Item) -> bool:
    place = item.path.relative_to(surroundings.ROOT / "tests").as_posix()
    is_decided_there = touches_database(item) and not item.get_closest_marker("any_database")
    return place.startswith(ON_POSTGRES_TOO) and is_decided_there and not item.get_closest_marker("trains")


def touches_database(item: pytest.Item) -> bool:
    return bool(item.get_closest_marker("django_db")) or not {"db", "transactional_db"}.isdisjoint(item.fixturenames)


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Create the tests' database in place of pytest-django, which would migrate one in each process."""
    with django_db_blocker.unblock():
        create_database()


@pytest.fixture(autouse=True)
def media() -> Iterator[Path]:
    """Return the folder of uploaded files, empty at the start of every test."""
    yield surroundings.MEDIA
    for path in (*surroundings.MEDIA.iterdir(), surroundings.MODEL_CACHE):
        path.unlink() if path.is_file() else shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(autouse=True)
def reset_caches() -> Iterator[None]:
    """Clear what one test learned about Redis or left in the cache, before another sees it."""
    cache.clear()
    yield
    broker.breaker.close()
    worker_state.state_cache.clear()


# --- Users --------------------------------------------------------------------------------------


@pytest.fixture
def alice(db: None) -> User:
    """Return the user who owns what there is."""
    return User.objects.create_user("alice", "alice@example.org", "alice-password")


@pytest.fixture
def bob(db: None) -> User:
    """Return another user, who must see nothing of Alice's."""
    return User.objects.create_user("bob", "bob@example.org", "bob-password")


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create_superuser("admin", "admin@example.org", "admin-password")


def client_of(user: User) -> Client:
    """Return a client that has just logged in. Its session is stored at once, which a login does in eight queries."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    client = Client()
    save_login(client, session, user, at=time.time())
    return client


def refresh_login(client: Client, user: User, *, at: float | None = None) -> None:
    """Note in the session that the password was given now, or at another time."""
    save_login(client, client.session, user, at=time.time() if at is None else at)


def save_login(client: Client, session: SessionBase, user: User, *, at: float) -> None:
    record = {"method": "password", "at": at, "reauthenticated": True}
    session["account_authentication_methods"] = [record]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key


@pytest.fixture
def alice_client(alice: User) -> Client:
    return client_of(alice)


@pytest.fixture
def bob_client(bob: User) -> Client:
    return client_of(bob)


@pytest.fixture
def admin_client(admin: User) -> Client:
    return client_of(admin)


def token_headers(user: User, **options: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {create_token(user=user, name='tests', **options)[1]}"}


@pytest.fixture
def alice_token(alice: User) -> dict[str, str]:
    """Return headers for `client.get(..., headers=alice_token)`."""
    return token_headers(alice)


@pytest.fixture
def bob_token(bob: User) -> dict[str, str]:
    return token_headers(bob)


# --- The shipped model -----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def artifact() -> Artifact:
    return load_artifact(SHIPPED)


@pytest.fixture(scope="session")
def engine(artifact: Artifact) -> Engine:
    return Engine(artifact)


@pytest.fixture(scope="session")
def reader(artifact: Artifact) -> Reader:
    return Reader(artifact)


@pytest.fixture(scope="session")
def model_columns(artifact: Artifact) -> dict[str, Any]:
    """Return the columns of the shipped model, with the card as text, of which each test gets a copy."""
    columns = model_versions._columns_of(artifact)
    return columns | {"card": json.dumps(columns["card"])}


@pytest.fixture
def model(db: None, model_columns: dict[str, Any]) -> ModelVersion:
    """Return the shipped model, registered and active. Its files are verified once, by the fixture `artifact`."""
    columns = model_columns | {"card": json.loads(model_columns["card"])}
    version = ModelVersion.objects.create(
        **columns, shipped=True, state=ModelVersion.State.ACTIVE, activated_at=timezone.now()
    )
    Promotion.objects.create(version=version)
    model_versions.models.asked_at = -float("inf")
    return version
