"""Jobs as rows: claimed once, held by a lease, tried three times, handed back without shame."""

import errno
import time
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from recognizer.models import Batch, BatchItem, Job
from recognizer.queues import BULK, INTERACTIVE
from recognizer.services.work import jobs

pytestmark = pytest.mark.django_db

State = Job.State


def a_job(**fields) -> Job:
    return Job.objects.create(**{"kind": Job.Kind.RESCORE, "queue": BULK, "payload": {"ids": ["a", "b"]}, **fields})


def claimed(**fields) -> Job:
    job = jobs.claim(a_job(**fields).pk, message=uuid.uuid4())
    assert job
    return job


def finish(job: Job) -> None:
    with jobs.finishing(job):
        pass


def test_of_two_messages_one_gets_the_job():
    job = a_job()
    first, second = (jobs.claim(job.pk, message=uuid.uuid4()) for _ in range(2))
    assert first and first.attempts == 1 and first.state == State.RUNNING
    assert second is None


def test_a_claim_holds_a_lease_longer_than_the_hard_limit(settings):
    assert claimed().lease_until > timezone.now() + timedelta(seconds=settings.JOB_HARD_LIMIT_SECONDS)


def test_a_job_that_is_done_or_gone_is_not_claimed():
    done = a_job(state=State.DONE)
    assert jobs.claim(done.pk, message=uuid.uuid4()) is None
    assert jobs.claim(uuid.uuid4(), message=uuid.uuid4()) is None


def test_the_message_of_a_dead_run_takes_the_job_over_at_once():
    job = claimed()
    again = jobs.claim(job.pk, message=job.lease_id, redelivered=True)
    assert again and again.attempts == 2


def test_another_message_must_wait_for_the_lease_even_if_redelivered():
    job = claimed()
    assert jobs.claim(job.pk, message=uuid.uuid4(), redelivered=True) is None
    assert jobs.claim(job.pk, message=job.lease_id) is None


def test_after_three_attempts_it_is_given_up_with_the_reason():
    job = claimed(attempts=2)
    assert jobs.claim(job.pk, message=job.lease_id, redelivered=True) is None
    job.refresh_from_db()
    assert (job.state, job.error, job.attempts) == (State.FAILED, jobs.DIED, 3)
    assert job.finished_at and job.lease_id is None


def test_while_blameless_ones_die_too_none_is_given_up_so_soon():
    """Something from outside kills the workers. What never succeeds is given up nevertheless."""
    a_job(kind=Job.Kind.FEATURE_MAPS, state=State.DONE, attempts=2, finished_at=timezone.now())
    job = claimed(attempts=2)
    for attempt in range(4, jobs.ATTEMPTS_IN_A_STORM + 1):
        again = jobs.claim(job.pk, message=job.lease_id, redelivered=True)
        assert again and again.attempts == attempt
    assert jobs.claim(job.pk, message=job.lease_id, redelivered=True) is None
    job.refresh_from_db()
    assert (job.state, job.error) == (State.FAILED, jobs.DIED)


@pytest.mark.parametrize(
    "other",
    [
        {"kind": Job.Kind.FEATURE_MAPS, "attempts": 1},
        {"kind": Job.Kind.FEATURE_MAPS, "attempts": 2, "finished_at": timezone.now() - timedelta(hours=1)},
        {"kind": Job.Kind.FEATURE_MAPS, "attempts": 2, "state": State.FAILED},
        {"kind": Job.Kind.BATCH_CHUNK, "attempts": 2},  # a neighbour of the poisonous one, read on its own
        {"kind": Job.Kind.BATCH_CHUNK, "attempts": 2, "total": 20},  # the chunk, which was split
    ],
)
def test_these_do_not_excuse_a_death(other):
    a_job(**{"state": State.DONE, "finished_at": timezone.now(), **other})
    assert jobs.attempts_allowed() == 3


def test_work_that_is_done_is_marked_done_with_its_rows():
    job = claimed(total=2)
    jobs.run(job, finish)
    job.refresh_from_db()
    assert (job.state, job.done, job.error, job.lease_until) == (State.DONE, 2, "", None)


def test_an_error_is_kept_and_the_job_waits_for_the_next_sweep():
    job = claimed()
    jobs.run(job, lambda job: 1 / 0)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.enqueued_at) == (State.WAITING, 1, None)
    assert "ZeroDivisionError" in job.error


def test_the_last_error_is_the_reason_of_the_failure():
    job = claimed(attempts=2)
    jobs.run(job, lambda job: 1 / 0)
    job.refresh_from_db()
    assert job.state == State.FAILED
    assert "ZeroDivisionError" in job.error


def test_a_full_disk_costs_no_attempt():
    def write(job):
        raise OSError(errno.ENOSPC, "No space left on device")

    job = claimed(attempts=2)
    jobs.run(job, write)
    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.WAITING, 2)
    assert "space" in job.error


def test_a_worker_that_is_stopped_hands_its_job_back_and_ends():
    def stop(job):
        raise SystemExit

    job = claimed(attempts=2)
    with pytest.raises(SystemExit):
        jobs.run(job, stop)
    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.WAITING, 2)


def test_a_run_that_is_ended_for_its_length_counts(settings):
    """The hard limit sends the same signal as a stop. Uncounted, such a job would be tried for ever."""
    settings.JOB_SOFT_LIMIT_SECONDS = 0.01

    def outlive(job):
        time.sleep(0.02)
        raise SystemExit

    job = claimed(attempts=2)
    with pytest.raises(SystemExit):
        jobs.run(job, outlive)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.error) == (State.FAILED, 3, jobs.DIED)


def test_who_lost_the_lease_writes_nothing():
    job = claimed()
    Job.objects.filter(pk=job.pk).update(lease_id=uuid.uuid4())
    with pytest.raises(jobs.LeaseLost), jobs.finishing(job):
        pytest.fail("nothing is written")
    jobs.run(job, finish)
    job.refresh_from_db()
    assert job.state == State.RUNNING


def test_a_run_that_was_taken_over_by_its_own_message_writes_nothing():
    job = claimed()
    jobs.claim(job.pk, message=job.lease_id, redelivered=True)
    with pytest.raises(jobs.LeaseLost):
        finish(job)


def test_without_redis_the_row_waits_for_a_sweep(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        job = jobs.create_job(Job.Kind.RESCORE, BULK)
        job.save()
        jobs.enqueue_on_commit([job])
    job.refresh_from_db()
    assert (job.state, job.enqueued_at) == (State.WAITING, None)


def test_a_failed_job_begins_anew_with_the_pictures_it_condemned(alice):
    batch = Batch.objects.create(owner=alice)
    item = BatchItem.objects.create(batch=batch, position=0, staged="batches/x")
    job = a_job(kind=Job.Kind.BATCH_CHUNK, batch=batch, payload={"ids": [str(item.pk)]}, attempts=3)
    jobs.give_up(Job.objects.filter(pk=job.pk), "It died.")
    item.refresh_from_db()
    assert (item.state, item.error_code, item.attempts) == ("failed", "reader_failed", 3)
    assert jobs.retry(Job.objects.all()) == 1
    job.refresh_from_db()
    item.refresh_from_db()
    assert (job.state, job.attempts, job.error, item.state) == (State.WAITING, 0, "", "waiting")


def test_cancelling_ends_what_waits_and_what_runs():
    waiting, running, done = a_job(), claimed(), a_job(state=State.DONE)
    assert jobs.cancel(Job.objects.all()) == 2
    states = dict(Job.objects.values_list("pk", "state"))
    assert states == {waiting.pk: State.FAILED, running.pk: State.FAILED, done.pk: State.DONE}
    with pytest.raises(jobs.LeaseLost):
        finish(running)


def test_a_chunk_is_split_into_its_pictures_whose_first_attempt_is_spent():
    job = claimed(queue=INTERACTIVE)
    jobs.split(job)
    parts = Job.objects.exclude(pk=job.pk)
    assert sorted(part.payload["ids"] for part in parts) == [["a"], ["b"]]
    assert {(part.state, part.attempts, part.queue) for part in parts} == {(State.WAITING, 1, INTERACTIVE)}
    job.refresh_from_db()
    assert job.state == State.DONE
