"""Database constraints, and rows that cannot be changed."""

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


def violates(constraint):
    return pytest.raises(IntegrityError, match=constraint)


def test_an_upload_has_one_current_prediction(prediction):
    with violates("prediction_one_current_per_upload|recognizer_prediction.upload_id"), transaction.atomic():
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
        ({"text": "-7"}, "prediction_text_is_digits"),
        ({"text": "7\n"}, "prediction_text_is_digits"),
        ({"text": "7\n\n1"}, "prediction_text_is_digits"),
        ({"decimal": "dot"}, "prediction_decimal_known"),
    ],
)
def test_a_prediction_has_only_valid_values(prediction, values, constraint):
    with violates(constraint), transaction.atomic():
        Prediction.objects.filter(pk=prediction.pk).update(**values)


@pytest.mark.parametrize(
    ("values", "constraint"),
    [({"digit": 10}, "glyph_digit_0_to_9"), ({"confidence": 2}, "glyph_confidence_is_probability")],
)
def test_a_glyph_has_only_valid_values(prediction, values, constraint):
    with violates(constraint), transaction.atomic():
        prediction.glyphs.update(**values)


def test_a_glyph_has_one_feature_map_for_each_layer(prediction):
    drawn = FeatureMap.objects.filter(glyph__prediction=prediction).first()
    with violates("feature_map_one_per_glyph_and_layer|recognizer_featuremap.glyph_id"), transaction.atomic():
        FeatureMap.objects.create(
            glyph=drawn.glyph, layer=drawn.layer, position=9, kind="conv", height=1, width=1, channels=1
        )


def test_a_feature_map_has_a_file_exactly_if_it_is_drawn(prediction):
    with violates("feature_map_drawn_exactly_with_file"), transaction.atomic():
        FeatureMap.objects.filter(glyph__prediction=prediction).update(image="somewhere.png")


def test_a_running_job_has_a_lease(prediction):
    with violates("job_running_has_lease"), transaction.atomic():
        Job.objects.filter(prediction=prediction).update(state=Job.State.RUNNING)


def test_only_one_model_is_active(model):
    with violates("model_version_one_active|recognizer_modelversion.state"), transaction.atomic():
        ModelVersion.objects.create(version="other", digest="0" * 64, card={}, state=ModelVersion.State.ACTIVE)


@pytest.mark.parametrize("row_of", [lambda p: p, lambda p: p.glyphs.get()], ids=["prediction", "glyph"])
def test_predictions_and_glyphs_cannot_be_changed(prediction, row_of):
    with pytest.raises(ImmutableRowError):
        row_of(prediction).save()


def test_a_correction_cannot_be_changed(prediction, alice):
    correction = Correction.objects.create(
        upload=prediction.upload, prediction=prediction, by=alice, kind="correct", text="1"
    )
    correction.text = "2"
    with pytest.raises(ImmutableRowError):
        correction.save()


def test_a_glyph_stores_the_input_of_the_network(prediction):
    assert len(bytes(Glyph.objects.get(prediction=prediction).input)) == 28 * 28
