"""Tests of the feature maps that a worker draws."""

from io import BytesIO
from uuid import uuid4

import numpy as np
import pytest
from PIL import Image

from mlcore.explaining.mosaic import draw_mosaic
from recognizer.models import FeatureMap, Glyph, Job, Prediction
from recognizer.services.explaining.explanations import explain_glyph
from recognizer.services.reading import feature_maps
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.registry import model_versions
from recognizer.services.registry.promotion import promote_model
from recognizer.services.work import runs
from tests.pictures import digit_png

pytestmark = pytest.mark.django_db


def draw(prediction):
    job = runs.claim_job(prediction.jobs.get(kind=Job.Kind.FEATURE_MAPS).pk, message=uuid4())
    runs.run_job(job)
    assert prediction.jobs.get().state == Job.State.DONE


@pytest.fixture
def prediction(alice, model):
    return create_prediction(owner=alice, data=digit_png(7, seed=3), source="upload", mode="digit", draw_maps=True)


def test_every_layer_of_every_glyph_gets_a_mosaic(prediction):
    draw(prediction)
    for glyph in prediction.glyphs.all():
        look = explain_glyph(glyph)
        maps = list(glyph.feature_maps.all())
        assert [each.layer for each in maps] == [layer.name for layer in look.layers]
        for each in maps:
            activation = look.activations[each.layer]
            assert (each.height, each.width, each.channels) == activation.shape
            assert each.image.open("rb").read() == draw_mosaic(activation).png
            assert (each.low, each.high) == pytest.approx((activation.min(), activation.max()))


def test_the_mosaic_has_the_stored_number_of_columns(prediction):
    draw(prediction)
    first = FeatureMap.objects.get(layer="conv1")
    rows = -(-first.channels // first.columns)
    picture = Image.open(BytesIO(first.image.open("rb").read()))
    assert picture.size == (2 * (first.columns * 29 - 1), 2 * (rows * 29 - 1))


def test_redrawing_keeps_the_file_names(prediction):
    draw(prediction)
    names = set(FeatureMap.objects.values_list("image", flat=True))
    feature_maps.redraw_maps(Prediction.objects.all())
    draw(prediction)
    assert set(FeatureMap.objects.values_list("image", flat=True)) == names


def test_all_maps_of_one_digit_take_little_space(prediction):
    draw(prediction)
    assert sum(each.image.size for each in FeatureMap.objects.all()) < 200_000


@pytest.mark.slow
def test_another_network_with_other_layers_gets_its_maps(alice, model, classic):
    version = model_versions.register_model(classic.folder)
    promote_model(version, reason="test")
    model_versions.models.asked_at = -np.inf
    prediction = create_prediction(owner=alice, data=digit_png(7), source="upload", mode="digit", draw_maps=True)
    assert prediction.model == version
    # Random weights may take it for no digit at all; its maps are drawn all the same.
    draw(prediction)
    drawn = FeatureMap.objects.values_list("layer", "height", "channels", "columns")
    assert list(drawn) == [("conv1", 26, 32, 8), ("pool1", 13, 32, 8), ("conv2", 11, 64, 8), ("pool2", 5, 64, 8)]


def test_glyphs_beyond_the_bound_get_no_maps(prediction, monkeypatch):
    monkeypatch.setattr(feature_maps, "MAX_MAPPED_GLYPHS", 2)
    fields = Glyph.objects.values().get()
    Glyph.objects.bulk_create(Glyph(**fields | {"id": uuid4(), "position": position}) for position in (1, 2, 3))
    prediction.jobs.all().delete()
    FeatureMap.objects.all().delete()
    feature_maps.ensure_maps(prediction)
    assert set(FeatureMap.objects.values_list("glyph__position", flat=True)) == {0, 1}
    draw(prediction)
