"""Tests of the comparison on people's pictures that is made again after a training."""

import pytest
from django.db import DatabaseError

from mlcore.training.evaluation.gate import GateResult
from recognizer.models import Training
from recognizer.services.history.corrections import correct
from recognizer.services.learning.consent import choose_training_consent
from recognizer.services.learning.held_back_comparison import compare_on_held_back, store_comparison
from recognizer.services.learning.sides import is_held_back
from recognizer.services.registry.model_versions import register_model
from tests.recognizer.services.registry.artifacts import copy_shipped

pytestmark = pytest.mark.django_db


@pytest.fixture
def candidate(model, media, tmp_path):
    return register_model(copy_shipped(tmp_path / "learnt-1", temperature=1.2))


@pytest.fixture
def training(model, candidate) -> Training:
    pictures = {"digits": 40, "held_back_digits": 12, "held_back_pictures": 12, "held_back_numbers": 0}
    outcome = Training.Outcome.CANDIDATE
    return Training.objects.create(number=1, base=model, candidate=candidate, outcome=outcome, pictures=pictures)


def compare(active, candidate) -> GateResult:
    """Compare and keep the result, and return the checks on people's pictures."""
    return store_comparison(active, candidate, GateResult(()), compare_on_held_back(active, candidate))


def test_a_candidate_is_compared_with_what_was_reviewed_since(add_prediction, alice, model, candidate, training):
    choose_training_consent(alice, is_given=True)
    given = [add_prediction("7") for _ in range(30)]
    kept = [each for each in given if is_held_back(each.upload_id)]
    assert [check.name for check in compare(model, candidate).checks] == ["held_back_gain"]
    training.refresh_from_db()
    assert training.held_back["pictures"] == training.pictures["held_back_digits"] == 0
    assert training.held_back["unreviewed"] == {"digits": len(kept), "changed": 0}
    correct(prediction=kept[0], by=alice, kind="confirm")
    result = compare(model, candidate)
    training.refresh_from_db()
    assert training.held_back["pictures"] == 1
    assert training.held_back["unreviewed"]["digits"] == len(kept) - 1
    assert not result.passed  # both models are the same
    assert training.pictures == {"digits": 40, "held_back_digits": 1, "held_back_pictures": 1, "held_back_numbers": 0}
    assert candidate.gate["checks"][0]["bound"] == training.held_back["chance"]


def test_the_row_of_the_training_and_the_comparison_are_saved_together(model, candidate, training):
    better = compare_on_held_back(model, candidate)
    training.delete()
    with pytest.raises(DatabaseError):
        store_comparison(model, candidate, GateResult(()), better)
    candidate.refresh_from_db()
    assert candidate.gate is None


def test_figures_with_another_model_than_the_first_are_not_shown_as_those_of_the_training(
    model, candidate, training, tmp_path
):
    other = register_model(copy_shipped(tmp_path / "digits-other"))
    assert compare(other, candidate).checks
    before, training = training, Training.objects.get()
    assert training.held_back is None
    assert training.pictures == before.pictures
    candidate.refresh_from_db()
    assert candidate.gate["against"] == other.version


def test_a_version_that_no_training_made_is_compared_on_the_gates_pictures_alone(model, candidate):
    assert compare_on_held_back(model, candidate) is None
    assert compare(model, candidate).checks == ()
    candidate.refresh_from_db()
    assert candidate.gate["against"] == model.version
