"""Tests of trainings: who starts one, how many there are at once, and how they end without a worker."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from mlcore.training.recipes.stage import TrainingStage
from recognizer.models import Job, ModelVersion, Training
from recognizer.problems import Problem
from recognizer.services.history.corrections import correct
from recognizer.services.learning import training_run, trainings
from recognizer.services.learning.consent import choose_training_consent
from recognizer.services.learning.training_files import folder_of
from recognizer.services.learning.training_run import ProgressWriter, run_training
from recognizer.services.learning.trainings import MIN_PICTURES, cancel_training, start_training
from recognizer.services.registry.model_versions import register_model
from recognizer.services.work import runs, sweeper
from recognizer.services.work.queues import TRAIN
from tests.recognizer.services.registry.artifacts import copy_shipped

pytestmark = pytest.mark.django_db
Outcome = Training.Outcome


@pytest.fixture
def reviewed(add_prediction, alice) -> None:
    """Alice has reviewed enough pictures and allows training."""
    choose_training_consent(alice, is_given=True)
    for _ in range(MIN_PICTURES):
        correct(prediction=add_prediction("7"), by=alice, kind="confirm")


def claim(training: Training) -> Job:
    job = runs.claim_job(training.job_id, message=uuid.uuid4())
    assert job
    return job


def test_a_training_is_a_job_on_its_own_queue(reviewed, alice, model):
    training = start_training(by=alice)
    assert (training.number, training.base, training.started_by) == (1, model, alice)
    assert (training.job.queue, training.job.kind) == (TRAIN, Job.Kind.TRAINING)
    assert training.is_open
    assert not training.is_running


def test_only_one_training_is_open(reviewed, alice, model):
    first = start_training(by=alice)
    with pytest.raises(Problem, match="Another training is open"):
        start_training(by=alice)
    assert Training.objects.count() == Job.objects.filter(kind=Job.Kind.TRAINING).count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Training.objects.create(number=2, base=model)
    cancel_training(first, by=alice)
    assert start_training(by=alice).number == 2


def test_only_an_open_training_is_told_as_one(reviewed, alice, model, monkeypatch):
    cancel_training(start_training(by=alice), by=alice)
    monkeypatch.setattr(trainings, "next_number", lambda: 1)  # as if another process had taken it
    with pytest.raises(IntegrityError), transaction.atomic():
        start_training(by=alice)


def test_a_number_is_used_once_though_trainings_and_models_are_deleted(reviewed, alice, model, media, tmp_path):
    register_model(copy_shipped(tmp_path / "learnt-3"))
    register_model(copy_shipped(tmp_path / "learnt-by-hand", temperature=1.2))
    training = start_training(by=alice)
    assert training.number == 4
    with pytest.raises(ProtectedError):
        training.base.delete()
    training.candidate = register_model(copy_shipped(tmp_path / "learnt-4", temperature=1.3))
    training.outcome = Outcome.CANDIDATE
    training.save()
    training.candidate.delete()
    assert start_training(by=alice).number == 5


def test_too_few_pictures_start_no_training(add_prediction, alice, model):
    choose_training_consent(alice, is_given=True)
    correct(prediction=add_prediction("7"), by=alice, kind="confirm")
    with pytest.raises(Problem, match="needs 20 reviewed pictures"):
        start_training(by=alice)
    assert not Training.objects.exists()


def test_a_stopped_training_makes_no_candidate_and_its_job_does_not_run_again(reviewed, alice):
    training = start_training(by=alice)
    job = claim(training)
    cancel_training(training, by=alice)
    training.refresh_from_db()
    assert (training.outcome, training.is_open) == (Outcome.CANCELLED, False)
    assert training.finished_at
    with pytest.raises(runs.LeaseLost), runs.finish_job(job):
        pytest.fail("results were saved")
    assert trainings.is_obsolete(job)
    cancel_training(training, by=alice)
    assert Training.objects.get().outcome == Outcome.CANCELLED


def test_progress_of_a_stopped_training_ends_its_run(reviewed, alice):
    training = start_training(by=alice)
    job = claim(training)
    writer = ProgressWriter(job, training)
    epoch = {"number": 1, "loss": 0.5, "validation_accuracy": 0.9, "validation_loss": 0.4}
    writer(TrainingStage("training", 0.5, 12.0, epoch=epoch))
    training.refresh_from_db()
    assert (training.stage, training.stage_done, training.epochs) == ("training", 0.5, [epoch])
    writer(TrainingStage("training", 0.6, 12.0, epoch=epoch))
    assert len(training.epochs) == 1
    cancel_training(training, by=alice)
    with pytest.raises(runs.LeaseLost):
        writer(TrainingStage("evaluating", 0.0))


def test_a_training_that_was_killed_after_each_epoch_does_not_run_out_of_attempts(reviewed, alice, settings):
    training = start_training(by=alice)
    for number in range(1, 11):
        job = claim(training)
        epoch = {"number": number, "loss": 0.5, "validation_accuracy": 0.9, "validation_loss": 0.4}
        ProgressWriter(job, training)(TrainingStage("training", number / 10, epoch=epoch))
        assert runs.leased_row(job).exists()
        runs.leased_row(job).update(state=Job.State.WAITING, lease_id=None, lease_until=None)  # as the sweeper does
    assert Job.objects.get(pk=training.job_id).attempts == 1


def reach_two_stages(job: Job) -> None:
    """Begin as each run does, also one after another that got further."""
    writer = ProgressWriter(job, Training.objects.get(job=job))
    writer(TrainingStage("generating", 1.0))
    writer(TrainingStage("evaluating", 0.5))


def test_a_training_that_always_fails_at_the_same_place_runs_out_of_attempts(reviewed, alice, settings, monkeypatch):
    def fail(job: Job, *arguments: object) -> None:
        reach_two_stages(job)
        raise RuntimeError("The disk is full.")

    monkeypatch.setattr(training_run, "_train", fail)
    monkeypatch.setattr(training_run, "MIN_LEARNT", 1)
    monkeypatch.setattr(training_run, "MIN_HELD_BACK", 0)
    training = start_training(by=alice)
    for _attempt in range(settings.JOB_MAX_ATTEMPTS):
        runs.run_job(claim(training))
    training.refresh_from_db()
    assert (training.outcome, training.error) == (Outcome.FAILED, "RuntimeError: The disk is full.")


def test_a_training_that_always_kills_its_worker_at_the_same_place_runs_out_of_attempts(reviewed, alice, settings):
    training = start_training(by=alice)
    for _attempt in range(settings.JOB_MAX_ATTEMPTS):
        job = claim(training)
        reach_two_stages(job)
        runs.leased_row(job).update(lease_until=timezone.now() - timedelta(seconds=1))
        sweeper.sweep()
    training.refresh_from_db()
    assert (training.outcome, training.error) == (Outcome.FAILED, runs.WORKER_DIED)


@pytest.mark.parametrize("is_stopped", [True, False])
def test_a_training_that_was_stopped_or_failed_leaves_no_files(
    reviewed, alice, settings, tmp_path, django_capture_on_commit_callbacks, is_stopped
):
    settings.TRAINING_ROOT = tmp_path
    training = start_training(by=alice)
    job = claim(training)
    folder_of(training).mkdir()
    (folder_of(training) / "checkpoint-1.npz").write_bytes(b"weights")
    (tmp_path / "digits-of-all-trainings.npz").write_bytes(b"images")
    with django_capture_on_commit_callbacks(execute=True):
        if is_stopped:
            cancel_training(training, by=alice)
        else:
            runs.fail_run(job, "The disk is full.")
    assert [path.name for path in tmp_path.iterdir()] == ["digits-of-all-trainings.npz"]


def test_a_run_of_a_stopped_training_removes_what_it_wrote_since(reviewed, alice, settings, tmp_path, monkeypatch):
    def train(job: Job, training: Training, selection: object, on_stage: ProgressWriter) -> None:
        cancel_training(training, by=alice)
        folder_of(training).mkdir()
        on_stage(TrainingStage("evaluating", 0.0))

    settings.TRAINING_ROOT = tmp_path
    monkeypatch.setattr(training_run, "_train", train)
    monkeypatch.setattr(training_run, "MIN_LEARNT", 1)
    monkeypatch.setattr(training_run, "MIN_HELD_BACK", 0)
    training = start_training(by=alice)
    runs.run_job(claim(training))
    assert Training.objects.get().outcome == Outcome.CANCELLED
    assert not list(tmp_path.iterdir())


def test_a_run_that_takes_too_long_fails_at_its_next_stage(reviewed, alice, monkeypatch):
    def train(job: Job, training: Training, selection: object, on_stage: ProgressWriter) -> None:
        on_stage(TrainingStage("generating", 0.5))
        monkeypatch.setattr(training_run, "TRAINING_LIMIT_SECONDS", 0)
        on_stage(TrainingStage("generating", 0.6))

    monkeypatch.setattr(training_run, "_train", train)
    monkeypatch.setattr(training_run, "MIN_LEARNT", 1)
    monkeypatch.setattr(training_run, "MIN_HELD_BACK", 0)
    training = start_training(by=alice)
    runs.run_job(claim(training))
    training.refresh_from_db()
    assert (training.outcome, training.stage_done) == (Outcome.FAILED, 0.5)
    assert training.error == "too_long"


def test_a_training_that_always_dies_fails_with_the_reason(reviewed, alice):
    training = start_training(by=alice)
    job = claim(training)
    runs.fail_run(job, "The worker died, or ran out of time.")
    training.refresh_from_db()
    assert (training.outcome, training.error) == (Outcome.FAILED, "The worker died, or ran out of time.")


def test_without_consent_at_its_beginning_a_training_fails_at_once(reviewed, alice):
    training = start_training(by=alice)
    choose_training_consent(alice, is_given=False)
    run_training(claim(training))
    training.refresh_from_db()
    assert training.outcome == Outcome.FAILED
    assert training.error == "too_few_digits"
    assert ModelVersion.objects.count() == 1
