"""The sweeper, against a real Redis: it sends what was lost, and nothing else."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from recognizer.models import Job
from recognizer.queues import BULK, INTERACTIVE
from recognizer.services.work import broker, jobs
from recognizer.services.work.sweeper import LOST_AFTER, sweep

pytestmark = pytest.mark.django_db(transaction=True)

LONG_AGO = timezone.now() - timedelta(hours=1)


def waiting(enqueued_at=LONG_AGO, **fields) -> Job:
    return Job.objects.create(
        **{"kind": Job.Kind.RESCORE, "queue": BULK, "payload": {"ids": ["a"]}, "enqueued_at": enqueued_at, **fields}
    )


def messages(redis_server, queue: str = BULK) -> int:
    return redis_server.client().llen(f"{settings.QUEUE_PREFIX}:{queue}")


def test_what_redis_lost_is_sent_again_once(redis_server):
    for _ in range(3):
        waiting()
    assert sweep() == 3
    assert messages(redis_server) == 3
    assert sweep() == 0


def test_what_was_never_sent_is_sent_at_once(redis_server):
    waiting(enqueued_at=None, queue=INTERACTIVE)
    assert sweep() == 1
    assert messages(redis_server, INTERACTIVE) == 1


def test_what_was_just_sent_is_left_alone(redis_server):
    waiting(enqueued_at=timezone.now() - LOST_AFTER / 2)
    assert sweep() == 0


def test_a_queue_as_long_as_the_waiting_list_is_only_behind(redis_server):
    jobs.enqueue([waiting(), waiting()])
    assert sweep() == 0
    lost = waiting(enqueued_at=None)
    assert sweep() == 1
    lost.refresh_from_db()
    assert lost.enqueued_at


def test_a_lease_that_ran_out_frees_the_job(redis_server):
    expired = waiting(state=Job.State.RUNNING, lease_id="0" * 32, lease_until=LONG_AGO, attempts=1)
    held = waiting(
        state=Job.State.RUNNING, lease_id="1" * 32, lease_until=timezone.now() + timedelta(minutes=1), attempts=1
    )
    assert sweep() == 1
    assert dict(Job.objects.values_list("pk", "state")) == {expired.pk: "waiting", held.pk: "running"}


def test_the_third_death_is_the_last(redis_server):
    job = waiting(state=Job.State.RUNNING, lease_id="0" * 32, lease_until=LONG_AGO, attempts=3)
    assert sweep() == 0
    job.refresh_from_db()
    assert (job.state, job.error) == (Job.State.FAILED, jobs.DIED)


def test_in_a_storm_the_third_death_is_not_the_last(redis_server):
    waiting(state=Job.State.DONE, attempts=3, finished_at=timezone.now())
    job = waiting(state=Job.State.RUNNING, lease_id="0" * 32, lease_until=LONG_AGO, attempts=3)
    assert sweep() == 1
    job.refresh_from_db()
    assert job.state == Job.State.WAITING


def test_many_sweepers_at_once_send_each_job_once(redis_server):
    for _ in range(20):
        waiting()
    barrier = Barrier(4)

    def sweep_at_once():
        barrier.wait()
        sweep()
        connection.close()

    threads = [Thread(target=sweep_at_once) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert messages(redis_server) == 20


def test_without_redis_it_frees_and_fails_all_the_same():
    job = waiting(state=Job.State.RUNNING, lease_id="0" * 32, lease_until=LONG_AGO, attempts=1)
    assert sweep() == 0
    job.refresh_from_db()
    assert job.state == Job.State.WAITING


def test_a_redis_that_stops_answering_midway_leaves_the_rest_for_the_next(redis_server):
    sent, rest = waiting(enqueued_at=timezone.now()), waiting(enqueued_at=timezone.now())
    jobs.enqueue([sent])
    redis_server.kill()
    assert jobs.enqueue([rest]) == 0
    rest.refresh_from_db()
    assert rest.enqueued_at is None
    redis_server.start()
    broker.breaker.close()
