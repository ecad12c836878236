"""Tests of trainings at night: one starts only if the operator wants it and enough is new."""

import pytest
from django.utils import timezone

from config.celery import app
from recognizer import tasks
from recognizer.models import Training
from recognizer.services.history.corrections import correct
from recognizer.services.learning.consent import choose_training_consent
from recognizer.services.learning.schedule import count_new_corrections, start_nightly_training
from recognizer.services.learning.trainings import MIN_PICTURES, start_training

pytestmark = pytest.mark.django_db


@pytest.fixture
def corrected(add_prediction, alice, model) -> None:
    """Alice has corrected enough pictures for a training and confirmed three, and allows training."""
    choose_training_consent(alice, is_given=True)
    for _ in range(MIN_PICTURES):
        correct(prediction=add_prediction("7"), by=alice, kind="correct", text="1")
    for _ in range(3):
        correct(prediction=add_prediction("7"), by=alice, kind="confirm")


def test_no_training_starts_unless_the_operator_wants_it(corrected, settings):
    assert start_nightly_training() is None
    settings.TRAINING_NIGHTLY_FROM = MIN_PICTURES + 1
    assert start_nightly_training() is None
    assert not Training.objects.exists()


def test_beat_starts_one_when_enough_pictures_were_corrected(corrected, settings):
    settings.TRAINING_NIGHTLY_FROM = MIN_PICTURES
    assert tasks.train_at_night.name in [entry["task"] for entry in app.conf.beat_schedule.values()]
    tasks.train_at_night()
    training = Training.objects.get()
    assert training.is_open
    assert training.started_by is None


def test_beside_an_open_training_none_starts(corrected, alice, settings):
    settings.TRAINING_NIGHTLY_FROM = 1
    start_training(by=alice)
    assert start_nightly_training() is None
    assert Training.objects.count() == 1


def test_only_corrections_since_the_last_candidate_are_new(corrected, alice, model, add_prediction):
    assert count_new_corrections() == MIN_PICTURES
    Training.objects.create(number=1, base=model, outcome=Training.Outcome.FAILED, created_at=timezone.now())
    assert count_new_corrections() == MIN_PICTURES
    Training.objects.create(number=2, base=model, outcome=Training.Outcome.CANDIDATE, created_at=timezone.now())
    assert count_new_corrections() == 0
    prediction = add_prediction("7")
    for text in ("1", "2"):
        correct(prediction=prediction, by=alice, kind="correct", text=text)
    assert count_new_corrections() == 1
    choose_training_consent(alice, is_given=False)
    assert count_new_corrections() == 0
