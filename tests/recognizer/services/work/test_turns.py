"""Tests of turns: accounts share the bulk work, and a message claims a job although another one is named in it."""

import random
import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from recognizer.models import Batch, Job
from recognizer.services.work import runs
from recognizer.services.work.queues import BULK, INTERACTIVE
from recognizer.services.work.turns import claim_by_message

pytestmark = pytest.mark.django_db

MANY = 40


def create_jobs(owner: User, count: int) -> list[Job]:
    batch, now = Batch.objects.create(owner=owner), timezone.now()
    return Job.objects.bulk_create(
        Job(
            kind=Job.Kind.BATCH_CHUNK,
            queue=BULK,
            batch=batch,
            payload={"ids": []},
            enqueued_at=now + timedelta(seconds=n),
        )
        for n in range(count)
    )


def claim(job: Job) -> Job:
    claimed = claim_by_message(job.pk, queue=BULK, message=uuid.uuid4())
    assert claimed
    return claimed


def test_an_account_with_many_jobs_does_not_hold_the_queue_for_another(alice, bob):
    many = create_jobs(alice, MANY)
    (one,) = create_jobs(bob, 1)
    # The chance that alice is drawn every time is 2 ** -40.
    assert one.pk in {claim(job).pk for job in many}


def test_jobs_of_an_account_run_in_the_order_in_which_they_were_queued(alice):
    many = create_jobs(alice, 5)
    claimed = [claim(job).pk for job in reversed(many)]
    assert claimed == [job.pk for job in many]
    assert claim_by_message(many[0].pk, queue=BULK, message=uuid.uuid4()) is None


def test_each_message_claims_one_job_until_none_waits(alice, bob):
    created = [*create_jobs(alice, 6), *create_jobs(bob, 3), Job(kind=Job.Kind.RESCORE, queue=BULK)]
    created[-1].save()
    claimed = {claim(job).pk for job in created}
    assert claimed == {job.pk for job in created}


def test_the_redelivered_message_of_a_dead_run_claims_the_job_that_it_had_started(alice):
    first, second = create_jobs(alice, 2)
    message = uuid.uuid4()
    started = claim_by_message(second.pk, queue=BULK, message=message)
    assert started and started.pk == first.pk
    again = claim_by_message(second.pk, queue=BULK, message=message, redelivered=True)
    assert again and (again.pk, again.attempts) == (first.pk, 2)


def test_a_job_that_has_killed_its_last_worker_fails_and_the_next_one_runs(alice):
    first, second = create_jobs(alice, 2)
    message = uuid.uuid4()
    Job.objects.filter(pk=first.pk).update(attempts=2)
    claim_by_message(first.pk, queue=BULK, message=message)
    claimed = claim_by_message(first.pk, queue=BULK, message=message, redelivered=True)
    first.refresh_from_db()
    assert (first.state, first.error) == (Job.State.FAILED, runs.WORKER_DIED)
    assert claimed and claimed.pk == second.pk


def test_a_job_that_has_to_wait_is_not_drawn(alice):
    first, second = create_jobs(alice, 2)
    Job.objects.filter(pk=first.pk).update(not_before=timezone.now() + timedelta(minutes=1))
    assert claim(first).pk == second.pk


def test_a_message_whose_job_was_deleted_claims_another_one(alice, bob):
    (gone,), (waiting,) = create_jobs(alice, 1), create_jobs(bob, 1)
    key = gone.pk
    gone.batch.delete()
    claimed = claim_by_message(key, queue=BULK, message=uuid.uuid4())
    assert claimed and claimed.pk == waiting.pk


def test_work_that_a_person_waits_for_runs_in_the_order_of_its_messages(alice):
    jobs = [Job.objects.create(kind=Job.Kind.FEATURE_MAPS, queue=INTERACTIVE) for _ in range(3)]
    claimed = claim_by_message(jobs[2].pk, queue=INTERACTIVE, message=uuid.uuid4())
    assert claimed and claimed.pk == jobs[2].pk
    assert claim_by_message(jobs[2].pk, queue=INTERACTIVE, message=uuid.uuid4()) is None


def test_a_deletion_does_not_wait_for_the_pictures_that_an_admin_has_read_again():
    now = timezone.now()
    many = Job.objects.bulk_create(
        Job(kind=Job.Kind.RESCORE, queue=BULK, payload={"ids": []}, enqueued_at=now) for _ in range(MANY)
    )
    last = now + timedelta(seconds=1)
    deletion = Job.objects.create(kind=Job.Kind.ACCOUNT_DELETION, queue=BULK, enqueued_at=last)
    # The chance that the other kind is drawn every time is 2 ** -40.
    assert deletion.pk in {claim(job).pk for job in many}


def test_an_account_has_one_turn_however_many_kinds_of_jobs_it_has(alice, bob, monkeypatch):
    drawn: list[int] = []
    monkeypatch.setattr(random, "choice", lambda turns: drawn.append(len(turns)) or turns[0])
    (_first, second), (other,) = create_jobs(alice, 2), create_jobs(bob, 1)
    Job.objects.filter(pk=second.pk).update(kind=Job.Kind.RESCORE)
    claim(other)
    assert drawn == [2]
