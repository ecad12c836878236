"""Tests of the end of a training: its candidate is registered unless somebody has withdrawn the consent."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from mlcore.artifact import load_artifact
from mlcore.training.evaluation.gate import GateResult
from mlcore.training.evaluation.held_back import HeldBackResult, Share, UnreviewedDigits
from recognizer.models import Job, ModelVersion, Training
from recognizer.services.learning.consent import choose_training_consent
from recognizer.services.learning.training_run import ConsentWithdrawnError, save_candidate
from recognizer.services.work import runs
from recognizer.services.work.jobs import create_job
from recognizer.services.work.queues import TRAIN
from recognizer.storage.disk import AtomicFileSystemStorage
from tests.recognizer.services.registry.artifacts import copy_shipped
from tests.recognizer.threads import meanwhile

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def save(alice: User, model: ModelVersion, media: Path, tmp_path: Path) -> Any:
    """A function that ends the training of a candidate which learnt from Alice's pictures."""
    choose_training_consent(alice, is_given=True)
    waiting = create_job(Job.Kind.TRAINING, TRAIN)
    waiting.save(force_insert=True)
    training = Training.objects.create(number=1, job=waiting, base=model, started_at=timezone.now())
    job = runs.claim_job(waiting.pk, message=uuid.uuid4())
    candidate = load_artifact(copy_shipped(tmp_path / "learnt-1"))
    held_back = HeldBackResult(0, Share(0, 0, 0), Share(0, 0, 0), UnreviewedDigits(0, 0), 0.0, 0.0, 1.0, None)
    assert job
    return lambda: save_candidate(job, training, {alice.pk}, candidate, GateResult(()), held_back)


def in_thread(change: Any) -> None:
    """Run a change on a connection of its own, and wait until it is committed."""

    def run() -> None:
        try:
            change()
        finally:
            connection.close()

    with ThreadPoolExecutor() as threads:
        threads.submit(run).result()


def withdraw(person: User) -> None:
    choose_training_consent(person, is_given=False)


def close_account(person: User) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False)


@pytest.mark.parametrize("end", [withdraw, close_account])
def test_a_consent_that_ends_while_the_files_are_stored_keeps_the_candidate_out(save, alice, media, monkeypatch, end):
    store = AtomicFileSystemStorage._save

    def end_consent_first(*arguments: Any) -> str:
        monkeypatch.setattr(AtomicFileSystemStorage, "_save", store)
        in_thread(lambda: end(alice))
        return store(*arguments)

    monkeypatch.setattr(AtomicFileSystemStorage, "_save", end_consent_first)
    with pytest.raises(ConsentWithdrawnError):
        save()
    assert not ModelVersion.objects.filter(version="learnt-1").exists()
    assert Training.objects.get().is_open
    assert not (media / "models").exists()


def test_who_withdraws_while_the_candidate_is_registered_waits_for_its_commit(save, alice):
    registered = []

    def withdraw_and_look() -> None:
        withdraw(alice)
        registered.append(ModelVersion.objects.filter(version="learnt-1").exists())

    with meanwhile(withdraw_and_look):
        save()
    assert registered == [True]
    assert Training.objects.get().outcome == Training.Outcome.CANDIDATE
