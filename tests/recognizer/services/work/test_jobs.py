"""Tests of creating, enqueueing, failing, retrying and cancelling jobs."""

import uuid

import pytest

from recognizer.models import Job
from recognizer.services.work import handlers, jobs, runs
from recognizer.services.work.handlers import Handler, do_nothing
from recognizer.services.work.queues import BULK
from tests.recognizer.threads import meanwhile

pytestmark = pytest.mark.django_db

State = Job.State


def create_job(**fields) -> Job:
    return Job.objects.create(**{"kind": Job.Kind.RESCORE, "queue": BULK, "payload": {"ids": ["a"]}, **fields})


@pytest.fixture
def hook_calls(monkeypatch) -> list[str]:
    """Return the names of the hooks that are called for jobs of the kind `rescore`."""
    calls: list[str] = []
    handler = Handler(
        do_nothing,
        on_give_up=lambda job: calls.append("on_give_up"),
        on_cancel=lambda job: calls.append("on_cancel"),
        on_retry=lambda job: calls.append("on_retry"),
    )
    monkeypatch.setitem(handlers.registered, Job.Kind.RESCORE, handler)
    return calls


def test_every_kind_has_a_handler():
    assert set(handlers.registered) == set(Job.Kind.values)


def test_without_redis_a_new_job_waits_for_a_sweep(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        job = jobs.create_job(Job.Kind.RESCORE, BULK)
        job.save()
        jobs.enqueue_on_commit([job])
    job.refresh_from_db()
    assert (job.state, job.enqueued_at) == (State.WAITING, None)


def test_more_jobs_than_are_published_at_once_are_saved_for_the_next_sweeps(monkeypatch):
    monkeypatch.setattr(jobs, "MAX_PUBLISHED", 2)
    jobs.save_jobs([jobs.create_job(Job.Kind.RESCORE, BULK) for _ in range(5)])
    assert Job.objects.filter(enqueued_at=None).count() == 3


def test_a_failed_job_keeps_its_error_and_calls_its_hook(hook_calls):
    job = create_job(attempts=3)
    assert jobs.fail_jobs(Job.objects.all(), "It died.") == 1
    job.refresh_from_db()
    assert (job.state, job.error, hook_calls) == (State.FAILED, "It died.", ["on_give_up"])


def test_a_job_that_changed_in_the_meantime_does_not_fail(hook_calls):
    job = create_job()
    waiting = Job.objects.filter(state=State.WAITING)
    assert list(waiting) == [job]
    Job.objects.update(state=State.DONE)
    assert jobs.fail_jobs(waiting, "It died.") == 0
    assert hook_calls == []


def test_a_retried_job_starts_from_its_first_attempt_and_calls_its_hook(hook_calls):
    job = create_job(state=State.FAILED, attempts=3, error="It died.")
    assert jobs.retry_jobs(Job.objects.all()) == 1
    job.refresh_from_db()
    assert (job.state, job.attempts, job.error, hook_calls) == (State.WAITING, 0, "", ["on_retry"])


def test_cancelling_ends_waiting_and_running_jobs(hook_calls):
    waiting, done = create_job(), create_job(state=State.DONE)
    running = runs.claim_job(create_job().pk, message=uuid.uuid4())
    assert running
    assert jobs.cancel_jobs(Job.objects.all()) == 2
    states = dict(Job.objects.values_list("pk", "state"))
    assert states == {waiting.pk: State.FAILED, running.pk: State.FAILED, done.pk: State.DONE}
    assert hook_calls == ["on_cancel", "on_cancel"]
    with pytest.raises(runs.LeaseLost), runs.finish_job(running):
        pytest.fail("The block must not run.")


@pytest.mark.django_db(transaction=True)
def test_a_second_retry_at_the_same_time_leaves_the_job_to_the_worker_that_runs_it(hook_calls):
    job = create_job(state=State.FAILED, attempts=3)
    message = uuid.uuid4()
    with meanwhile(lambda: jobs.retry_jobs(Job.objects.all())):
        assert jobs.retry_jobs(Job.objects.all()) == 1
        assert runs.claim_job(job.pk, message=message)
    job.refresh_from_db()
    assert (job.state, job.lease_id, hook_calls) == (State.RUNNING, message, ["on_retry"])
