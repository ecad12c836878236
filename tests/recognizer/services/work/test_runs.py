"""Tests of runs: a job is claimed once, held with a lease, repeated after errors, and split into its parts."""

import errno
import time
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from recognizer.models import Job
from recognizer.services.work import handlers, runs
from recognizer.services.work.handlers import Handler
from recognizer.services.work.queues import BULK, INTERACTIVE

pytestmark = pytest.mark.django_db

State = Job.State


def create_job(**fields) -> Job:
    return Job.objects.create(**{"kind": Job.Kind.RESCORE, "queue": BULK, "payload": {"ids": ["a", "b"]}, **fields})


def claim_new_job(**fields) -> Job:
    job = runs.claim_job(create_job(**fields).pk, message=uuid.uuid4())
    assert job
    return job


def finish(job: Job) -> None:
    with runs.finish_job(job):
        pass


def divide_by_zero(job: Job) -> None:
    _ = 1 / 0


@pytest.fixture
def run(monkeypatch) -> Callable[..., None]:
    """Return a function that runs a job with another handler than the registered one."""

    def run(job: Job, function: Callable[[Job], None], *, is_splittable: bool = False) -> None:
        monkeypatch.setitem(handlers.registered, job.kind, Handler(function, is_splittable=is_splittable))
        runs.run_job(job)

    return run


def test_of_two_messages_one_claims_the_job():
    job = create_job()
    first, second = (runs.claim_job(job.pk, message=uuid.uuid4()) for _ in range(2))
    assert first and first.attempts == 1 and first.state == State.RUNNING
    assert second is None


def test_a_lease_is_longer_than_the_hard_limit(settings):
    assert claim_new_job().lease_until > timezone.now() + timedelta(seconds=settings.JOB_HARD_LIMIT_SECONDS)


def test_a_job_that_is_done_or_deleted_is_not_claimed():
    done = create_job(state=State.DONE)
    assert runs.claim_job(done.pk, message=uuid.uuid4()) is None
    assert runs.claim_job(uuid.uuid4(), message=uuid.uuid4()) is None


def test_the_redelivered_message_of_a_dead_run_claims_its_job_at_once():
    job = claim_new_job()
    claimed_again = runs.claim_job(job.pk, message=job.lease_id, redelivered=True)
    assert claimed_again and claimed_again.attempts == 2


def test_any_other_message_waits_for_the_end_of_the_lease():
    job = claim_new_job()
    assert runs.claim_job(job.pk, message=uuid.uuid4(), redelivered=True) is None
    assert runs.claim_job(job.pk, message=job.lease_id) is None


def test_a_job_fails_after_three_attempts_with_a_reason():
    job = claim_new_job(attempts=2)
    assert runs.claim_job(job.pk, message=job.lease_id, redelivered=True) is None
    job.refresh_from_db()
    assert (job.state, job.error, job.attempts) == (State.FAILED, runs.WORKER_DIED, 3)
    assert job.finished_at and job.lease_id is None


def test_a_job_has_more_attempts_while_innocent_jobs_need_repetition():
    """Something else is killing the workers then. A job that never succeeds fails nevertheless."""
    create_job(kind=Job.Kind.FEATURE_MAPS, state=State.DONE, attempts=2, finished_at=timezone.now())
    job = claim_new_job(attempts=2)
    for attempt in range(4, runs.MAX_ATTEMPTS_IN_OUTAGE + 1):
        claimed_again = runs.claim_job(job.pk, message=job.lease_id, redelivered=True)
        assert claimed_again and claimed_again.attempts == attempt
    assert runs.claim_job(job.pk, message=job.lease_id, redelivered=True) is None
    job.refresh_from_db()
    assert (job.state, job.error) == (State.FAILED, runs.WORKER_DIED)


@pytest.mark.parametrize(
    "other",
    [
        {"kind": Job.Kind.FEATURE_MAPS, "attempts": 1},
        {"kind": Job.Kind.FEATURE_MAPS, "attempts": 2, "finished_at": timezone.now() - timedelta(hours=1)},
        {"kind": Job.Kind.FEATURE_MAPS, "attempts": 2, "state": State.FAILED},
        {"kind": Job.Kind.BATCH_CHUNK, "attempts": 2},  # one part of the same chunk as the part at fault
        {"kind": Job.Kind.BATCH_CHUNK, "attempts": 2, "total": 20},  # the chunk, which was split
    ],
)
def test_these_other_jobs_do_not_raise_the_maximum_of_attempts(other):
    create_job(**{"state": State.DONE, "finished_at": timezone.now(), **other})
    assert runs.allowed_attempts() == 3


def test_a_finished_job_is_done(run):
    job = claim_new_job(total=2)
    run(job, finish)
    job.refresh_from_db()
    assert (job.state, job.done, job.error, job.lease_until) == (State.DONE, 2, "", None)


def test_a_job_that_raises_waits_for_the_next_sweep_with_its_error(run):
    job = claim_new_job()
    run(job, divide_by_zero)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.enqueued_at) == (State.WAITING, 1, None)
    assert "ZeroDivisionError" in job.error


def test_the_error_of_the_last_attempt_is_the_reason_of_the_failure(run):
    job = claim_new_job(attempts=2)
    run(job, divide_by_zero)
    job.refresh_from_db()
    assert job.state == State.FAILED
    assert "ZeroDivisionError" in job.error


def test_a_full_disk_counts_no_attempt(run):
    def write(job):
        raise OSError(errno.ENOSPC, "No space left on device")

    job = claim_new_job(attempts=2)
    run(job, write)
    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.WAITING, 2)
    assert "space" in job.error


def test_a_worker_that_is_stopped_releases_its_job_and_ends(run):
    def stop(job):
        raise SystemExit

    job = claim_new_job(attempts=2)
    with pytest.raises(SystemExit):
        run(job, stop)
    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.WAITING, 2)


def test_a_run_that_exceeds_the_time_limit_counts_as_an_attempt(run, settings):
    """The hard limit sends the same signal as a stop. If it did not count, such a job would be repeated for ever."""
    settings.JOB_SOFT_LIMIT_SECONDS = 0.01

    def exceed_the_limit(job):
        time.sleep(0.02)
        raise SystemExit

    job = claim_new_job(attempts=2)
    with pytest.raises(SystemExit):
        run(job, exceed_the_limit)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.error) == (State.FAILED, 3, runs.WORKER_DIED)


def test_a_run_without_its_lease_saves_nothing(run):
    job = claim_new_job()
    Job.objects.filter(pk=job.pk).update(lease_id=uuid.uuid4())
    with pytest.raises(runs.LeaseLost), runs.finish_job(job):
        pytest.fail("The block must not run.")
    run(job, finish)
    job.refresh_from_db()
    assert job.state == State.RUNNING


def test_a_run_whose_message_was_redelivered_saves_nothing():
    job = claim_new_job()
    runs.claim_job(job.pk, message=job.lease_id, redelivered=True)
    with pytest.raises(runs.LeaseLost):
        finish(job)


def test_a_split_job_becomes_one_job_for_each_part_with_one_attempt_counted():
    job = claim_new_job(queue=INTERACTIVE)
    runs.split_job(job)
    parts = Job.objects.exclude(pk=job.pk)
    assert sorted(part.payload["ids"] for part in parts) == [["a"], ["b"]]
    assert {(part.state, part.attempts, part.queue) for part in parts} == {(State.WAITING, 1, INTERACTIVE)}
    job.refresh_from_db()
    assert job.state == State.DONE


@pytest.mark.parametrize(("attempts", "function"), [(0, divide_by_zero), (1, finish)])
def test_a_splittable_job_is_split_when_it_raises_and_when_its_first_run_died(run, attempts, function):
    run(claim_new_job(attempts=attempts), function, is_splittable=True)
    assert Job.objects.filter(state=State.WAITING, attempts=1).count() == 2


def test_a_splittable_job_with_one_part_is_not_split(run):
    job = claim_new_job(payload={"ids": ["a"]})
    run(job, divide_by_zero, is_splittable=True)
    job.refresh_from_db()
    assert (Job.objects.count(), job.state, job.attempts) == (1, State.WAITING, 1)
