"""Tests of the command that compares a candidate with the active model again."""

import io
from pathlib import Path

import pytest
from django.core.management.base import OutputWrapper

from mlcore.training.datasets.gate_pictures import GateCounts
from recognizer.management.training import compare_with_active
from recognizer.models import Training
from recognizer.services.registry.model_versions import register_model
from tests.recognizer.services.registry.artifacts import copy_shipped

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def test_a_candidate_of_a_training_is_asked_for_proof_on_peoples_pictures(model, media, npz: Path, tmp_path, settings):
    settings.TRAINING_ROOT = tmp_path / "runs"
    learnt = register_model(copy_shipped(tmp_path / "learnt-1", temperature=1.2))
    Training.objects.create(number=1, base=model, candidate=learnt, outcome=Training.Outcome.CANDIDATE)
    uploaded = register_model(copy_shipped(tmp_path / "uploaded", temperature=1.1))
    few = GateCounts(papers=1, negatives=20, numbers=4, hands=2)
    names = []
    for candidate in (learnt, uploaded):
        assert compare_with_active(candidate, npz, few, OutputWrapper(io.StringIO()))
        candidate.refresh_from_db()
        names.append([check["name"] for check in candidate.gate["checks"]])
    assert names[0][-1] == "held_back_gain"
    assert "held_back_gain" not in names[1]
    assert candidate.gate["against"] == model.version
