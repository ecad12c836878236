"""Tests of the comparison on people's pictures that is made again after a training."""

import pytest

from recognizer.models import Training
from recognizer.services.history.corrections import correct
from recognizer.services.learning.consent import choose_training_consent
from recognizer.services.learning.held_back_comparison import compare_on_held_back
from recognizer.services.learning.sides import is_held_back
from recognizer.services.registry.model_versions import register_model
from tests.recognizer.services.registry.artifacts import copy_shipped

pytestmark = pytest.mark.django_db


@pytest.fixture
def candidate(model, media, tmp_path):
    return register_model(copy_shipped(tmp_path / "learnt-1", temperature=1.2))


def test_a_candidate_is_compared_with_what_was_reviewed_since(add_prediction, alice, model, candidate):
    choose_training_consent(alice, is_given=True)
    given = [add_prediction("7") for _ in range(30)]
    kept = [each for each in given if is_held_back(each.upload_id)]
    training = Training.objects.create(number=1, base=model, candidate=candidate, outcome=Training.Outcome.CANDIDATE)
    assert compare_on_held_back(model, candidate).name == "held_back_gain"
    training.refresh_from_db()
    assert training.held_back["pictures"] == 0
    assert training.held_back["unreviewed"] == {"digits": len(kept), "changed": 0}
    correct(prediction=kept[0], by=alice, kind="confirm")
    check = compare_on_held_back(model, candidate)
    training.refresh_from_db()
    assert training.held_back["pictures"] == 1
    assert training.held_back["unreviewed"]["digits"] == len(kept) - 1
    assert not check.passed  # both models are the same


def test_figures_with_another_model_than_the_first_are_not_shown_as_those_of_the_training(model, candidate, tmp_path):
    other = register_model(copy_shipped(tmp_path / "digits-other"))
    training = Training.objects.create(number=1, base=model, candidate=candidate, outcome=Training.Outcome.CANDIDATE)
    assert compare_on_held_back(other, candidate) is not None
    training.refresh_from_db()
    assert training.held_back is None


def test_a_version_that_no_training_made_is_not_compared(model, candidate):
    assert compare_on_held_back(model, candidate) is None
