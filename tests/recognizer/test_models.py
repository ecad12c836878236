"""The constraints hold in the database, whatever the code does."""

import pytest
from django.db import IntegrityError, transaction

from recognizer.models import Correction, FeatureMap, Glyph, Job, ModelVersion, Prediction
from recognizer.models.base import ImmutableRowError
from recognizer.services.reading.predictions import create_prediction
from tests.pictures import digit_png

pytestmark = pytest.mark.django_db


@pytest.fixture
def prediction(alice, model, media):
    return create_prediction(owner=alice, data=digit_png(7, size=120), source="upload", draw_maps=True)


def refused(constraint):
    return pytest.raises(IntegrityError, match=constraint)


def test_an_upload_has_one_current_prediction(prediction):
    with refused("prediction_one_current_per_upload|recognizer_prediction.upload_id"), transaction.atomic():
        Prediction.objects.create(
            upload=prediction.upload,
            owner=prediction.owner,
            given_at=prediction.given_at,
            model=prediction.model,
            mode="auto",
            text="1",
            confidence=1,
            decision="read",
            latency_ms=1,
        )


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"confidence": 1.5}, "prediction_confidence_is_probability"),
        ({"confidence": -0.1}, "prediction_confidence_is_probability"),
        ({"decision": "maybe"}, "prediction_decision_known"),
        ({"mode": "guess"}, "prediction_mode_known"),
        ({"text": "", "decision": "read"}, "prediction_text_empty_only_when_rejected"),
        ({"text": "7", "decision": "rejected"}, "prediction_text_empty_only_when_rejected"),
    ],
)
def test_a_prediction_holds_only_what_can_be(prediction, values, constraint):
    with refused(constraint), transaction.atomic():
        Prediction.objects.filter(pk=prediction.pk).update(**values)


@pytest.mark.parametrize(
    ("values", "constraint"),
    [({"digit": 10}, "glyph_digit_0_to_9"), ({"confidence": 2}, "glyph_confidence_is_probability")],
)
def test_a_glyph_is_a_digit_with_a_probability(prediction, values, constraint):
    with refused(constraint), transaction.atomic():
        prediction.glyphs.update(**values)


def test_a_layer_is_drawn_once_for_a_glyph(prediction):
    drawn = FeatureMap.objects.filter(glyph__prediction=prediction).first()
    with refused("feature_map_one_per_glyph_and_layer|recognizer_featuremap.glyph_id"), transaction.atomic():
        FeatureMap.objects.create(
            glyph=drawn.glyph, layer=drawn.layer, position=9, kind="conv", height=1, width=1, channels=1
        )


def test_a_map_has_a_file_exactly_when_it_is_drawn(prediction):
    with refused("feature_map_drawn_exactly_with_file"), transaction.atomic():
        FeatureMap.objects.filter(glyph__prediction=prediction).update(image="somewhere.png")


def test_a_running_job_has_a_lease(prediction):
    with refused("job_running_has_lease"), transaction.atomic():
        Job.objects.filter(prediction=prediction).update(state=Job.State.RUNNING)


def test_one_model_is_active(model):
    with refused("model_version_one_active|recognizer_modelversion.state"), transaction.atomic():
        ModelVersion.objects.create(version="other", digest="0" * 64, card={}, state=ModelVersion.State.ACTIVE)


@pytest.mark.parametrize("row_of", [lambda p: p, lambda p: p.glyphs.get()], ids=["prediction", "glyph"])
def test_evidence_never_changes(prediction, row_of):
    with pytest.raises(ImmutableRowError):
        row_of(prediction).save()


def test_a_correction_never_changes(prediction, alice):
    said = Correction.objects.create(
        upload=prediction.upload, prediction=prediction, by=alice, kind="correct", text="1"
    )
    said.text = "2"
    with pytest.raises(ImmutableRowError):
        said.save()


def test_a_glyph_keeps_the_input_that_the_network_saw(prediction):
    assert len(bytes(Glyph.objects.get(prediction=prediction).input)) == 28 * 28
