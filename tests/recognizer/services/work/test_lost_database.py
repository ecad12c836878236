"""A job whose database goes away while it runs waits for another run, and no attempt is counted."""

import os
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.db import connection

from recognizer.models import Job
from recognizer.services.work import handlers, runs
from recognizer.services.work.handlers import Handler
from recognizer.services.work.queues import BULK

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("postgres" not in os.environ["DATABASE_URL"], reason="SQLite has no connection to lose"),
]


@contextmanager
def admin() -> Iterator[psycopg.Connection]:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as opened:
        yield opened


def let_in(allowed: bool) -> None:
    """Let the tests' database take connections, or end those it has and refuse new ones."""
    name = connection.settings_dict["NAME"]
    with admin() as server:
        server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {allowed}')
        if not allowed:
            server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])


@pytest.fixture
def job() -> Job:
    created = Job.objects.create(kind=Job.Kind.RESCORE, queue=BULK, payload={"ids": ["a", "b"]})
    claimed = runs.claim_job(created.pk, message=uuid.uuid4())
    assert claimed
    return claimed


@pytest.mark.parametrize("seconds", [0, 1.5])
def test_an_outage_of_the_database_counts_no_attempt(job, monkeypatch, seconds):
    """One restart ends the connections. A longer one also refuses new ones for a while."""
    end = threading.Timer(seconds, let_in, [True])

    def lose_the_database(job: Job) -> None:
        let_in(False)
        end.start()
        if not seconds:
            end.join()
        Job.objects.get(pk=job.pk)

    monkeypatch.setitem(handlers.registered, job.kind, Handler(lose_the_database, is_splittable=True))
    try:
        runs.run_job(job)
    finally:
        end.join()
    job.refresh_from_db()
    assert (job.state, job.attempts, job.lease_id) == (Job.State.WAITING, 0, None)
    assert Job.objects.count() == 1


def test_a_database_that_stays_away_leaves_the_job_to_the_end_of_its_lease(job, monkeypatch):
    monkeypatch.setattr(runs, "OUTAGE_PATIENCE_SECONDS", 0.3)
    monkeypatch.setitem(handlers.registered, job.kind, Handler(lambda job: let_in(False)))
    try:
        with pytest.raises(runs.OperationalError):
            handlers.registered[job.kind].run(job)
            runs.release_after_outage(job, "The database did not answer.")
    finally:
        let_in(True)
    connection.close()
    job.refresh_from_db()
    assert (job.state, job.attempts) == (Job.State.RUNNING, 1)
