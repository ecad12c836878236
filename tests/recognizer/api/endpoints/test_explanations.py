"""Tests of the layers, activations, maps and explanations of a glyph."""

import io

import numpy as np
import pytest
from PIL import Image

from mlcore.explaining.mosaic import draw_mosaic
from recognizer.models import Glyph
from recognizer.services.explaining.explanations import explain_glyph
from tests.pictures import digit_png

URL = "/api/v1/predictions/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def glyph_url(client, alice_token, model) -> str:
    made = client.post(URL, digit_png(7, seed=3), content_type="image/png", headers=alice_token).json()
    return f"{made['url']}glyphs/0/"


@pytest.fixture
def explained(glyph_url):
    return explain_glyph(Glyph.objects.get())


def test_the_layers_are_listed_with_their_links(client, glyph_url, alice_token, explained):
    body = client.get(f"{glyph_url}layers/", headers=alice_token).json()
    assert body["model"] == explained.version.version
    assert [layer["name"] for layer in body["layers"]] == [layer.name for layer in explained.layers]
    for layer in body["layers"]:
        assert layer["high"] == pytest.approx(float(explained.activations[layer["name"]].max()))
        assert client.get(layer["map_url"], headers=alice_token).status_code == 200


def test_activations_are_the_exact_numbers(client, glyph_url, alice_token, explained):
    answer = client.get(f"{glyph_url}layers/conv3/activations/", headers=alice_token)
    array = np.load(io.BytesIO(answer.getvalue()), allow_pickle=False)
    assert (array.dtype, array.shape) == (np.float32, explained.layer_named("conv3").shape)
    np.testing.assert_array_equal(array, explained.activations["conv3"])
    again = client.get(
        f"{glyph_url}layers/conv3/activations/", headers={**alice_token, "If-None-Match": answer["ETag"]}
    )
    assert again.status_code == 304


def test_a_map_equals_the_stored_feature_map(client, glyph_url, alice_token, explained):
    answer = client.get(f"{glyph_url}layers/pool2/map/", headers=alice_token)
    assert answer.getvalue() == draw_mosaic(explained.activations["pool2"]).png


def test_the_explanation_has_numbers_and_a_sentence(client, glyph_url, alice_token, explained):
    body = client.get(f"{glyph_url}explanation/", headers=alice_token).json()
    assert body["sentence"] == explained.explain().sentence()
    first, second = body["answers"]
    assert (first["digit"], second["digit"]) == explained.explain().answers
    assert np.shape(first["occlusion"]) == (28, 28)
    assert np.sum(first["cam"]) == pytest.approx(first["logit"], abs=0.01)
    assert body["turn"]["kind"] in ("gap", "stroke")
    assert len(body["frame"]) == 4


def test_overlays_are_pngs_of_both_maps(client, glyph_url, alice_token, explained):
    for kind in ("occlusion", "cam"):
        for digit in explained.explain().answers:
            answer = client.get(f"{glyph_url}overlays/{kind}/{digit}/", headers=alice_token)
            assert Image.open(io.BytesIO(answer.getvalue())).has_transparency_data


@pytest.mark.parametrize(
    "path",
    [
        "layers/conv99/map/",
        "layers/conv99/activations/",
        "overlays/heat/7/",
        "layers/?model=digits-0",
        "layers/?model=%00",
    ],
)
def test_unknown_layers_kinds_and_digits_are_404(client, glyph_url, alice_token, path):
    answer = client.get(glyph_url + path, headers=alice_token)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "path", ["layers/", "layers/conv1/map/", "layers/conv1/activations/", "explanation/", "overlays/occlusion/7/"]
)
def test_strangers_and_anonymous_callers_see_nothing(client, glyph_url, bob_token, path):
    assert client.get(glyph_url + path, headers=bob_token).status_code == 404
    assert client.get(glyph_url + path).status_code == 401
