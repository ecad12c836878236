"""Tests of the sweeper with a real Redis: it enqueues lost jobs and no others."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from recognizer.models import Job
from recognizer.services.work import broker, jobs, runs
from recognizer.services.work.queues import BULK, INTERACTIVE
from recognizer.services.work.sweeper import CLOCK_TOLERANCE, LOST_AFTER, sweep

pytestmark = pytest.mark.django_db(transaction=True)

LONG_AGO = timezone.now() - timedelta(hours=1)


def create_job(enqueued_at=LONG_AGO, **fields) -> Job:
    return Job.objects.create(
        **{"kind": Job.Kind.RESCORE, "queue": BULK, "payload": {"ids": ["a"]}, "enqueued_at": enqueued_at, **fields}
    )


def count_messages(redis_server, queue: str = BULK) -> int:
    return redis_server.client().llen(f"{settings.QUEUE_PREFIX}:{queue}")


def test_jobs_that_redis_lost_are_enqueued_once(redis_server):
    for _ in range(3):
        create_job()
    assert sweep() == 3
    assert count_messages(redis_server) == 3
    assert sweep() == 0


def test_a_job_that_was_never_sent_is_enqueued_at_once(redis_server):
    create_job(enqueued_at=None, queue=INTERACTIVE)
    assert sweep() == 1
    assert count_messages(redis_server, INTERACTIVE) == 1


def test_a_job_that_was_just_sent_is_left_alone(redis_server):
    create_job(enqueued_at=timezone.now() - LOST_AFTER / 2)
    assert sweep() == 0


def test_nothing_is_enqueued_while_each_waiting_job_has_a_message(redis_server):
    jobs.enqueue_jobs([create_job(), create_job()])
    assert sweep() == 0
    lost = create_job(enqueued_at=None)
    assert sweep() == 1
    lost.refresh_from_db()
    assert lost.enqueued_at


IN_THREE_HOURS = timezone.now() + timedelta(hours=3)


def test_a_job_that_was_sent_before_the_clock_was_set_back_is_enqueued(redis_server):
    create_job(enqueued_at=IN_THREE_HOURS)
    assert sweep() == 1
    create_job(enqueued_at=timezone.now() + CLOCK_TOLERANCE / 2)
    assert sweep() == 0, "it was sent by a machine whose clock is ahead"


def test_a_lease_that_was_taken_before_the_clock_was_set_back_ends(redis_server):
    running = {"state": Job.State.RUNNING, "lease_id": "0" * 32, "attempts": 1}
    lost = create_job(**running, lease_until=IN_THREE_HOURS)
    held = create_job(**running, lease_until=timezone.now() + timedelta(seconds=settings.JOB_LEASE_SECONDS))
    assert sweep() == 1
    lost.refresh_from_db()
    held.refresh_from_db()
    assert (lost.state, held.state) == (Job.State.WAITING, Job.State.RUNNING)


def test_a_job_whose_lease_has_expired_is_released(redis_server):
    expired = create_job(state=Job.State.RUNNING, lease_id="0" * 32, lease_until=LONG_AGO, attempts=1)
    leased = create_job(
        state=Job.State.RUNNING, lease_id="1" * 32, lease_until=timezone.now() + timedelta(minutes=1), attempts=1
    )
    assert sweep() == 1
    assert dict(Job.objects.values_list("pk", "state")) == {expired.pk: "waiting", leased.pk: "running"}


def test_a_job_fails_when_its_third_worker_dies(redis_server):
    job = create_job(state=Job.State.RUNNING, lease_id="0" * 32, lease_until=LONG_AGO, attempts=3)
    assert sweep() == 0
    job.refresh_from_db()
    assert (job.state, job.error) == (Job.State.FAILED, runs.WORKER_DIED)


def test_a_job_has_more_attempts_while_innocent_jobs_need_repetition(redis_server):
    create_job(state=Job.State.DONE, attempts=3, finished_at=timezone.now())
    job = create_job(state=Job.State.RUNNING, lease_id="0" * 32, lease_until=LONG_AGO, attempts=3)
    assert sweep() == 1
    job.refresh_from_db()
    assert job.state == Job.State.WAITING


def test_concurrent_sweepers_enqueue_each_job_once(redis_server):
    for _ in range(20):
        create_job()
    barrier = Barrier(4)

    def sweep_concurrently():
        barrier.wait()
        sweep()
        connection.close()

    threads = [Thread(target=sweep_concurrently) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count_messages(redis_server) == 20


def test_jobs_are_released_without_redis():
    job = create_job(state=Job.State.RUNNING, lease_id="0" * 32, lease_until=LONG_AGO, attempts=1)
    assert sweep() == 0
    job.refresh_from_db()
    assert job.state == Job.State.WAITING


def test_jobs_that_redis_did_not_take_wait_for_the_next_sweep(redis_server):
    sent, unsent = create_job(enqueued_at=timezone.now()), create_job(enqueued_at=timezone.now())
    jobs.enqueue_jobs([sent])
    redis_server.kill()
    assert jobs.enqueue_jobs([unsent]) == 0
    unsent.refresh_from_db()
    assert unsent.enqueued_at is None
    redis_server.start()
    broker.breaker.close()


def test_more_jobs_than_a_request_publishes_are_enqueued_by_the_sweeper(redis_server, monkeypatch):
    monkeypatch.setattr(jobs, "MAX_PUBLISHED", 2)
    created = [create_job(timezone.now()) for _ in range(5)]
    assert jobs.enqueue_jobs(created) == 2
    assert count_messages(redis_server) == 2
    assert Job.objects.filter(enqueued_at=None).count() == 3
    assert (sweep(), sweep()) == (2, 1)
    assert count_messages(redis_server) == 5
