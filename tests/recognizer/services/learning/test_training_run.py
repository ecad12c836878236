"""Tests of a whole training with few images. tests/browser/test_learning.py trains with enough to learn a hand."""

import uuid
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from recognizer.models import Job, ModelVersion, Training
from recognizer.services.explaining.training_digits import TrainingDigitsCache
from recognizer.services.history.corrections import correct, undo
from recognizer.services.learning import training_run
from recognizer.services.learning.consent import choose_training_consent
from recognizer.services.learning.selection import select_digits
from recognizer.services.learning.training_files import folder_of
from recognizer.services.learning.trainings import cancel_training, start_training
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.registry.model_files import local_artifact
from recognizer.services.registry.model_versions import models
from recognizer.services.work import runs
from tests.hands import review_n_shaped_twos
from tests.handwriting import handwritten_png
from tests.training import needs_keras

pytestmark = [
    # The thread that extends the lease would wait until the end of a transaction around the test.
    pytest.mark.django_db(transaction=True),
    pytest.mark.trains,
    pytest.mark.timeout(900),
    needs_keras,
]


@pytest.fixture(autouse=True)
def small(settings, npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Train with few images, keep what is rendered for this test alone, and notice a promotion at once."""
    monkeypatch.setattr(models, "ASK_EVERY_SECONDS", 0.0)
    settings.TRAINING_DATA = str(npz)
    settings.TRAINING_ROOT = tmp_path / "runs"
    settings.TRAINING_EFFORT_PERCENT = 1


def run(training: Training) -> Training:
    job = runs.claim_job(training.job_id, message=uuid.uuid4())
    assert job
    runs.run_job(job)
    assert Job.objects.get(pk=job.pk).error == ""
    return Training.objects.select_related("candidate", "base").get(pk=training.pk)


def test_a_saved_candidate_is_compared_by_the_next_run_and_made_anew_for_who_withdrew(alice, bob, model, monkeypatch):
    """Two runs die while they compare. Bob withdraws before the next run, Carol while that one compares, and then Dave.

    Nothing was learnt from Dave, whose pictures nobody reviewed: the candidate is compared again and not made anew.
    """
    carol, dave = (User.objects.create_user(name) for name in ("carol", "dave"))
    for number, person in enumerate((alice, bob, carol)):
        review_n_shaped_twos(person, 25, first=100 * number)
    for unreviewed in review_n_shaped_twos(dave, 10, first=300):
        undo(prediction=unreviewed, by=dave)
    training = start_training(by=alice)
    from mlcore.training.recipes import corrections

    compare, train = corrections.compare_candidate, corrections.train_digit_network
    compared, trained, compared_digits = [], [], []

    def train_and_count(recipe, *arguments):
        trained.append(recipe.corrected_from["people"])
        return train(recipe, *arguments)

    def compare_or_die(quick, candidate, held_back, *arguments):
        compared.append(candidate)
        compared_digits.append(len(held_back.digits))
        if len(compared) == 2:
            choose_training_consent(bob, is_given=False)
        if len(compared) <= 2:
            raise SystemExit
        if len(compared) == 3:
            choose_training_consent(carol, is_given=False)
        if len(compared) == 4:
            choose_training_consent(dave, is_given=False)
        return compare(quick, candidate, held_back, *arguments)

    monkeypatch.setattr("mlcore.training.recipes.corrections.train_digit_network", train_and_count)
    monkeypatch.setattr("mlcore.training.recipes.corrections.compare_candidate", compare_or_die)
    for _ in range(2):
        with pytest.raises(SystemExit):
            run(training)
    assert ModelVersion.objects.count() == 1
    training = run(training)
    assert compared[0].digest == compared[1].digest
    assert [candidate.card.training["corrected"]["people"] for candidate in compared] == [3, 3, 2, 1, 1]
    assert trained == [3, 2, 1]
    assert compared_digits[4] < compared_digits[3]

    candidate = training.candidate
    assert ModelVersion.objects.count() == 2
    assert candidate.digest == compared[3].digest == compared[4].digest
    assert candidate.version == "learnt-1"
    assert candidate.state == ModelVersion.State.CANDIDATE
    assert training.outcome == Training.Outcome.CANDIDATE
    assert [epoch["number"] for epoch in training.epochs] == [1, 2, 3, 4, 5, 6]
    assert candidate.card["training"]["corrected"] == training.pictures
    assert training.pictures["people"] == 1
    assert "alice" not in str(candidate.card)
    names = [check["name"] for check in candidate.gate["checks"]]
    assert {"digits_right", "digit_2", "held_back_gain"} <= set(names)
    assert TrainingDigitsCache().fetch(candidate) is not None
    assert not list(folder_of(training).parent.glob("training-*"))


def test_a_training_that_is_stopped_while_it_runs_registers_nothing(alice, model, monkeypatch, settings):
    review_n_shaped_twos(alice, 40)
    written: set[Path] = set()
    training = start_training(by=alice)
    save = training_run.ProgressWriter.__call__

    def stop_after_the_first_epoch(writer, stage):
        save(writer, stage)
        if stage.epoch:
            written.update(path.parent for path in Path(settings.TRAINING_ROOT).rglob("checkpoint-*.npz"))
            cancel_training(training, by=alice)

    monkeypatch.setattr(training_run.ProgressWriter, "__call__", stop_after_the_first_epoch)
    job = runs.claim_job(training.job_id, message=uuid.uuid4())
    runs.run_job(job)
    training.refresh_from_db()
    assert training.outcome == Training.Outcome.CANCELLED
    assert training.epochs
    assert written == {folder_of(training)}
    assert not folder_of(training).exists()
    assert ModelVersion.objects.count() == 1


def test_a_training_gets_the_strips_of_numbers_that_were_corrected(alice, model, monkeypatch):
    """The pictures are read from the storage and cut by the active model, without those of other people."""
    monkeypatch.setattr("recognizer.services.learning.sides.HELD_BACK", 0.2)
    choose_training_consent(alice, is_given=True)
    for number in range(30):
        text = str(1000 + 7 * number)
        read = create_prediction(owner=alice, data=handwritten_png(text, seed=number), source="upload", mode="number")
        correct(prediction=read, by=alice, kind="correct", written=text[::-1])
    training = start_training(by=alice)
    selection = select_digits(training.created_at)
    quick = training_run.describe_training(training, local_artifact(training.base), selection)
    assert len(selection.numbers) + len(selection.held_back_numbers) == 30
    assert len(selection.held_back_numbers) > 0
    assert quick.lines is not None
    assert sorted(quick.lines.texts) == sorted(number.written for number in selection.numbers)
    monkeypatch.setattr("recognizer.services.learning.selection.FEWEST_CORRECTED", 31)
    again = training_run.describe_training(training, quick.base, select_digits(training.created_at))
    assert again.lines is None
